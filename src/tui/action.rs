//! Everything that a user can do, declared once: keymap, footer, help, palette, documentation and the
//! configuration file follow from this table.

use super::view::ViewId;

/// The views in which an action is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Views(u8);

impl Views {
    /// Every view.
    pub const ALL: Self = Self(0x7f);

    const fn of(ids: &[ViewId]) -> Self {
        let (mut bits, mut n) = (0, 0);
        while n < ids.len() {
            bits |= 1 << ids[n] as u8;
            n += 1;
        }
        Self(bits)
    }

    const fn but(ids: &[ViewId]) -> Self {
        Self(Self::ALL.0 & !Self::of(ids).0)
    }

    /// The view is one of them.
    #[must_use]
    pub const fn contains(self, id: ViewId) -> bool {
        self.0 & 1 << id as u8 != 0
    }

    /// Some view is one of both.
    #[must_use]
    pub const fn meets(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }
}

/// What actions are about; help has a heading for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Going from one thing to another.
    Move,
    /// Showing the same otherwise.
    Look,
    /// Showing less.
    Narrow,
    /// Taking something along.
    Act,
    /// Captures that are still growing.
    Live,
    /// The program.
    App,
}

impl Group {
    /// All of them, in the order of the help.
    pub const ALL: [Self; 6] = [Self::Move, Self::Look, Self::Narrow, Self::Act, Self::Live, Self::App];

    /// The heading.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Look => "Look",
            Self::Narrow => "Narrow",
            Self::Act => "Act",
            Self::Live => "Live",
            Self::App => "App",
        }
    }
}

/// An action, as help and palette tell it.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// What is done.
    pub action: Action,
    /// Its name in the configuration file.
    pub id: &'static str,
    /// The keys, each a chord such as `Ctrl-d`, or several one after another (`y p`).
    pub keys: &'static [&'static str],
    /// Where it is offered.
    pub views: Views,
    /// What it is about.
    pub group: Group,
    /// What it does, in a few words.
    pub title: &'static str,
}

macro_rules! actions {
    ($($group:ident { $($name:ident $id:literal [$($key:literal)*] $views:expr => $title:literal;)* })*) => {
        /// Something that a user can do.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Action {
            $($(#[doc = $title] $name,)*)*
        }

        /// Every action, in the order of the help.
        pub const ACTIONS: &[Entry] = &[
            $($(Entry {
                action: Action::$name, id: $id, keys: &[$($key),*], views: $views, group: Group::$group,
                title: $title,
            },)*)*
        ];
    };
}

use ViewId::{Conns, Findings, Follow, Handshake, Inspect, Messages, Stats};

const LISTS: Views = Views::of(&[Conns, Messages, Findings]);
const TEXTS: Views = Views::of(&[Inspect, Handshake, Follow]);
const MESSAGE: Views = Views::of(&[Messages, Inspect]);
const NARROWED: Views = Views::of(&[Messages, Stats, Follow]);

actions! {
    Move {
        Down "down" ["j" "Down"] Views::ALL => "next";
        Up "up" ["k" "Up"] Views::ALL => "previous";
        Top "top" ["g" "Home"] Views::ALL => "first";
        Bottom "bottom" ["G" "End"] Views::ALL => "last; resume following the tail";
        HalfDown "half-page-down" ["Ctrl-d"] Views::ALL => "half a page down";
        HalfUp "half-page-up" ["Ctrl-u"] Views::ALL => "half a page up";
        PageDown "page-down" ["PgDn" "Ctrl-f"] Views::ALL => "a page down";
        PageUp "page-up" ["PgUp" "Ctrl-b"] Views::ALL => "a page up";
        Left "left" ["h" "Left"] Views::ALL => "collapse, or scroll to the left";
        Right "right" ["l" "Right"] Views::ALL => "expand, or scroll to the right";
        Open "open" ["Enter"] Views::ALL => "open what is under the cursor";
        Pane "next-pane" ["Tab"] Views::ALL => "next pane";
        PaneBack "previous-pane" ["S-Tab"] Views::ALL => "previous pane";
        NextItem "next-item" ["J"] Views::but(&[Stats]) => "next message or connection, from any pane";
        PreviousItem "previous-item" ["K"] Views::but(&[Stats]) => "previous message or connection";
        NextTab "next-tab" ["]"] MESSAGE => "next tab of the inspector";
        PreviousTab "previous-tab" ["["] MESSAGE => "previous tab of the inspector";
        NextMatch "next-match" ["n"] Views::but(&[Stats]) => "next match";
        PreviousMatch "previous-match" ["N"] Views::but(&[Stats]) => "previous match";
        NextFinding "next-finding" ["x"] Views::ALL => "next finding";
        PreviousFinding "previous-finding" ["X"] Views::ALL => "previous finding";
        NextBookmark "next-bookmark" ["'"] MESSAGE => "next bookmark";
    }
    Look {
        Conns "connections" ["1"] Views::ALL => "the connections";
        Messages "messages" ["2"] Views::ALL => "the messages";
        Inspect "inspect" ["3"] Views::ALL => "one message: frame, payload, bytes, packets";
        Findings "findings" ["4"] Views::ALL => "where the protocol was broken";
        Stats "stats" ["5"] Views::ALL => "rates, sizes, latency, health of the capture";
        Handshake "handshake" ["6"] Views::ALL => "request and response of the connection";
        Follow "follow" ["7" "f"] Views::ALL => "the conversation as text";
        Frames "frames" ["u"] Views::of(&[Messages]) => "messages or frames";
        Ladder "ladder" ["L"] Views::of(&[Messages]) => "table or ladder";
        Diff "diff" ["d"] MESSAGE => "differences of the two marked messages";
        Time "time" ["t"] Views::ALL => "times: relative, since the one before, of day, with date";
        Sort "sort" ["s"] LISTS => "sort by the next column";
        SortReverse "reverse" ["S"] LISTS => "sort the other way round";
        Columns "columns" ["C"] LISTS => "which columns are shown";
        Wrap "wrap" ["w"] TEXTS => "wrap long lines";
        Raw "raw" ["r"] Views::of(&[Inspect, Messages, Follow]) => "the payload as it is, or decoded";
        DecodeAs "decode-as" ["i"] MESSAGE => "decode the payload as something else";
        Diagram "diagram" ["b"] MESSAGE => "the header as 32 bits a row, 16, or a list";
        Reveal "reveal" ["V"] Views::ALL => "show or mask secrets";
        GroupBy "group" ["v"] Views::of(&[Findings]) => "group findings by rule, connection, or not";
        Bins "bins" ["b"] Views::of(&[Stats]) => "the width of the bins";
        ZoomIn "zoom-in" ["+" "="] Views::of(&[Stats]) => "zoom in on the cursor";
        ZoomOut "zoom-out" ["-"] Views::of(&[Stats]) => "zoom out";
        Zoom "zoom" ["z"] Views::ALL => "the focused pane alone, without borders";
        Layout "layout" ["|"] Views::of(&[Messages, Findings]) => "panes beside or below each other";
        Narrower "narrower" ["<"] Views::of(&[Messages, Findings, Conns]) => "less room for the list";
        Wider "wider" [">"] Views::of(&[Messages, Findings, Conns]) => "more room for the list";
    }
    Narrow {
        Filter "filter" ["/"] Views::but(&[Inspect, Handshake, Follow]) => "filter";
        Find "find" ["/"] TEXTS => "find in the text";
        Highlight "highlight" ["Ctrl-t"] LISTS => "show what the filter hides, and highlight what it selects";
        FindingsOnly "only-findings" ["!"] Views::of(&[Conns, Messages]) => "only rows with findings";
        Kinds "kinds" ["o"] NARROWED => "all, data, control, text, or binary messages";
        Direction "direction" ["D"] NARROWED => "both directions, or one";
        Heartbeats "heartbeats" ["H"] NARROWED => "hide heartbeats";
        Scope "scope" ["c"] Views::of(&[Messages, Findings, Stats]) => "this connection, or all";
        FilterBy "filter-by" ["a ="] LISTS => "filter by the field under the cursor";
        FilterNot "filter-not" ["a !"] LISTS => "filter out the field under the cursor";
        FilterAnd "filter-and" ["a &"] LISTS => "filter by the field under the cursor, too";
        FilterOr "filter-or" ["a |"] LISTS => "filter as before, or by the field under the cursor";
        Reset "reset" ["R"] Views::ALL => "reset filter, order, columns and what is hidden";
    }
    Act {
        Mark "mark" ["Space"] Views::of(&[Messages]) => "mark";
        Bookmark "bookmark" ["m"] MESSAGE => "set or take away a bookmark";
        Bookmarks "bookmarks" ["M"] Views::ALL => "bookmarks and notes";
        Note "note" [";"] MESSAGE => "write a note on this message";
        CopyPayload "copy-payload" ["y p"] MESSAGE => "copy the payload";
        CopyHex "copy-hex" ["y h"] MESSAGE => "copy the payload in hex";
        CopyJson "copy-json" ["y j"] MESSAGE => "copy the message as JSON";
        CopyPath "copy-path" ["y k"] MESSAGE => "copy the path of the JSON value under the cursor";
        CopyCommand "copy-command" ["y c"] Views::ALL => "copy a command line that connects likewise";
        CopyWireshark "copy-wireshark" ["y w"] Views::ALL => "copy a Wireshark filter for this";
        CopyFilter "copy-filter" ["y f"] Views::ALL => "copy the filter for this";
        CopyId "copy-id" ["y i"] Views::ALL => "copy the id";
        CopyText "copy-text" ["y y"] Views::ALL => "copy the line or the text that is shown";
        Export "export" ["e"] Views::ALL => "export what is shown";
        RulePage "rule" ["o"] Views::of(&[Findings]) => "the rule's page";
        Suppress "suppress" ["B"] Views::of(&[Findings]) => "add the finding to a baseline";
    }
    Live {
        Pause "pause" ["p"] Views::ALL => "pause the view; reading goes on";
        Tail "tail" ["F"] Views::of(&[Conns, Messages, Findings, Follow]) => "follow the tail";
    }
    App {
        Help "help" ["?" "F1"] Views::ALL => "help";
        Palette "palette" [":" "Ctrl-p"] Views::ALL => "palette: actions, ids (3.m41), times";
        Back "back" ["q"] Views::ALL => "back; quit at the top";
        Cancel "cancel" ["Esc"] Views::ALL => "one step out";
        Quit "quit" ["Q"] Views::ALL => "quit";
        QuitNow "quit-now" ["Ctrl-c"] Views::ALL => "quit at once";
        Theme "theme" ["T"] Views::ALL => "next theme";
        Mouse "mouse" ["%"] Views::ALL => "mouse on or off";
        Redraw "redraw" ["Ctrl-l"] Views::ALL => "draw the screen anew";
        Suspend "suspend" ["Ctrl-z"] Views::ALL => "suspend, to the shell";
    }
}

impl Action {
    /// How it is told.
    #[must_use]
    pub fn entry(self) -> &'static Entry {
        // Every action has an entry: the macro makes both.
        ACTIONS.iter().find(|entry| entry.action == self).unwrap_or(&ACTIONS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_key_means_one_thing_in_a_view() {
        for (n, one) in ACTIONS.iter().enumerate() {
            for other in &ACTIONS[n + 1..] {
                assert_ne!(one.id, other.id);
                assert_ne!(one.action, other.action);
                if one.views.meets(other.views) {
                    for key in one.keys {
                        // A key that begins a sequence does nothing alone.
                        let clash = |other: &&str| {
                            *other == *key
                                || other.starts_with(&format!("{key} "))
                                || key.starts_with(&format!("{other} "))
                        };
                        assert!(!other.keys.iter().any(clash), "{key}: {} and {}", one.id, other.id);
                    }
                }
            }
            assert_eq!(one.action.entry().id, one.id);
        }
    }

    #[test]
    fn everything_can_be_reached() {
        for entry in ACTIONS {
            assert!(!entry.keys.is_empty(), "{}", entry.id);
            assert!(ViewId::ALL.iter().any(|view| entry.views.contains(*view)), "{}", entry.id);
            assert!(entry.title.len() <= 60, "{}", entry.title);
        }
    }
}
