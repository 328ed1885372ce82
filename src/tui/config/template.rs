//! A configuration file to begin with: all that can be said, and what goes without saying.

use std::fmt::Write as _;

use super::{BUILT_IN, LISTS, PRESETS};
use crate::tui::action::{ACTIONS, Group};
use crate::tui::theme::{COLORS, MODIFIERS, Role};

/// The file. Every line of it is a comment or the head of a table.
#[must_use]
pub fn template() -> String {
    let mut text = format!(
        "# wscope's interface. Take away the # where you want it otherwise; the values are the defaults.

# By the terminal's ground (auto), or one of {}, or your own, see below.
# theme = \"auto\"

# How times are written: relative, delta, clock or date.
# time = \"relative\"

# Clicks and the wheel are for wscope; % gives them to the terminal for a while.
# mouse = true

# Draw nothing but ASCII. Without this, it depends on the locale.
# ascii = false

[keys]
",
        BUILT_IN.join(", ")
    );
    for preset in PRESETS {
        let _ = writeln!(text, "# {}: {}.", preset.name, preset.about);
    }
    let _ = writeln!(text, "# preset = \"{}\"", PRESETS.first().map_or("", |preset| preset.name));
    for group in Group::ALL {
        let _ = writeln!(text, "\n# {}", group.name());
        for entry in ACTIONS.iter().filter(|entry| entry.group == group) {
            let keys: Vec<String> = entry.keys.iter().map(|keys| format!("\"{keys}\"")).collect();
            let binding = format!("# {} = [{}]", entry.id, keys.join(", "));
            let _ = writeln!(text, "{binding:<36}  # {}", entry.title);
        }
    }
    let names = |names: &[&str]| names.join(", ");
    let colors: Vec<&str> = COLORS.iter().map(|(name, _)| *name).collect();
    let modifiers: Vec<&str> = MODIFIERS.iter().map(|(name, _)| *name).collect();
    let roles = Role::ALL.map(Role::name);
    let lists = LISTS.map(|(name, _)| name);
    let _ = write!(
        text,
        "
# A theme of your own: the colour of the text, then of the ground (- = the terminal's own), then modifiers. Colours are
# {}, #1e90ff, or 0 to 255; modifiers are {}.
# Roles are {}.
# [themes.mine]
# base = \"dark\"
# client = \"#ffb000 - bold\"

# Filters by name, for @name in the filter line and in -Y.
[filters]
# errors = 'severity == error'

# Columns that are shown, in lists: {}.
[columns]
# connections = [\"#\", \"St\", \"Client\", \"Host + path\", \"End\", \"Find\"]
",
        names(&colors),
        names(&modifiers),
        names(&roles),
        names(&lists),
    );
    text
}
