//! What a user says about the interface: `config.toml`, the environment, flags.
//!
//! ```toml
//! theme = "auto"             # or dark, light, high-contrast, cvd, plain, mine
//! time = "clock"
//!
//! [keys]
//! filter = ["/", "Ctrl-f"]
//!
//! [themes.mine]
//! base = "dark"
//! client = "#ffb000 - bold"
//!
//! [filters]
//! errors = 'severity == error'
//!
//! [columns]
//! connections = ["#", "Client", "Host + path"]
//! ```
//!
//! A flag goes before a `WSCOPE_*` variable, that before the file, and that before what goes without saying.

mod presets;
mod read;
mod template;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::{Path, PathBuf};

use etcetera::base_strategy::{BaseStrategy, Xdg};

use super::keys::Keymap;
use super::model::{Model, TimeFormat};
use super::theme::{Depth, Theme};
use super::view::ViewId;
use crate::audit::config::ConfigError;
use crate::filter::nearest;

pub use presets::{PRESETS, Preset};
pub use template::template;

/// The theme that follows the terminal.
pub const AUTO: &str = "auto";

/// What a file says.
#[derive(Clone, Debug, Default)]
pub struct Config {
    /// `theme`.
    pub theme: Option<String>,
    /// `time`.
    pub time: Option<TimeFormat>,
    /// `mouse`.
    pub mouse: Option<bool>,
    /// `ascii`.
    pub ascii: Option<bool>,
    /// `[keys]`.
    pub keymap: Keymap,
    /// `[themes.NAME]`.
    pub themes: Vec<Theme>,
    /// `[filters]`: saved filters by their names.
    pub filters: BTreeMap<String, String>,
    /// `[columns]`: the names of the columns that are shown.
    pub columns: HashMap<ViewId, Vec<String>>,
}

/// The lists whose columns can be chosen, by the name of their table's key.
pub const LISTS: [(&str, ViewId); 3] =
    [("connections", ViewId::Conns), ("messages", ViewId::Messages), ("findings", ViewId::Findings)];

/// Reads a variable of the environment; one that is empty is as good as none.
pub type Env<'a> = &'a dyn Fn(&str) -> Option<String>;

/// The process's environment.
#[must_use]
pub fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// Where the file is, if there is one: `WSCOPE_CONFIG`, or `wscope/config.toml` in the user's folder of configurations
/// (`$XDG_CONFIG_HOME`, else `~/.config`).
#[must_use]
pub fn path(env: Env<'_>) -> Option<PathBuf> {
    let folder = || Some(Xdg::new().ok()?.config_dir());
    env("WSCOPE_CONFIG").map(PathBuf::from).or_else(|| Some(folder()?.join("wscope").join("config.toml")))
}

impl Config {
    /// Reads the file that `--config` names, or the one at [`path`] if it is there.
    ///
    /// # Errors
    /// Where it cannot be read, or says what cannot be said; a file that was named must be there.
    pub fn load(named: Option<&Path>, env: Env<'_>) -> Result<Self, ConfigError> {
        let variable = env("WSCOPE_CONFIG").map(PathBuf::from);
        match named.or(variable.as_deref()) {
            Some(file) => Self::read(file),
            None => match path(env).filter(|file| file.exists()) {
                Some(file) => Self::read(&file),
                None => Ok(Self::default()),
            },
        }
    }

    /// Reads a file.
    ///
    /// # Errors
    /// Where it cannot be read or says what cannot be said, with the line.
    pub fn read(file: &Path) -> Result<Self, ConfigError> {
        let text = fs::read_to_string(file).map_err(|error| ConfigError::Io(file.to_owned(), error))?;
        Self::parse(&text, file)
    }

    /// Takes the text of a file that is named `file` in messages.
    ///
    /// # Errors
    /// Where it says what cannot be said, with the line.
    pub fn parse(text: &str, file: &Path) -> Result<Self, ConfigError> {
        read::config(text).map_err(|fault| ConfigError::Content {
            file: file.to_owned(),
            line: crate::audit::config::read::line_of(text, fault.offset),
            message: fault.message,
        })
    }

    /// The theme of this name: one of the file's, or one that comes with the program.
    #[must_use]
    pub fn theme_named(&self, name: &str) -> Option<Theme> {
        self.themes.iter().find(|theme| theme.name == name).cloned().or_else(|| Theme::named(name))
    }

    /// The names of all themes.
    pub fn theme_names(&self) -> impl Iterator<Item = &str> {
        let own = self.themes.iter().map(|theme| &*theme.name);
        [AUTO].into_iter().chain(BUILT_IN).chain(own)
    }

    /// Checks the name of a theme.
    fn check_theme(&self, name: &str) -> Result<(), String> {
        if name == AUTO || self.theme_named(name).is_some() {
            return Ok(());
        }
        Err(match nearest(name, self.theme_names()) {
            Some(near) => format!("there is no theme `{name}`; did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = self.theme_names().collect();
                format!("there is no theme `{name}`; there are {}", names.join(", "))
            }
        })
    }
}

/// The names of [`Theme::ALL`].
const BUILT_IN: [&str; Theme::ALL.len()] = ["dark", "light", "high-contrast", "cvd", "plain"];

/// What the command line says; what is absent is said elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--theme`.
    pub theme: Option<String>,
    /// `--no-mouse`.
    pub no_mouse: bool,
    /// `--ascii`.
    pub ascii: bool,
    /// `--color`: always or never.
    pub color: Option<bool>,
}

/// What was chosen, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chosen<T> {
    /// The value.
    pub value: T,
    /// Who says so, such as `--theme`, `WSCOPE_THEME`, `config.toml` or `default`.
    pub by: &'static str,
}

/// How the interface looks and behaves in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looks {
    /// The theme's name; [`AUTO`] = by the terminal's ground.
    pub theme: Chosen<String>,
    /// No colours are wanted, whatever theme is asked for later.
    pub plain: bool,
    /// How times are written.
    pub time: Chosen<TimeFormat>,
    /// Clicks are ours.
    pub mouse: Chosen<bool>,
    /// Only ASCII is drawn.
    pub ascii: Chosen<bool>,
    /// How many colours there are.
    pub depth: Depth,
}

const FILE: &str = "config.toml";
const DEFAULT: &str = "default";

impl Looks {
    /// Puts together what flags, environment and file say.
    ///
    /// # Errors
    /// Where a flag or a variable says what cannot be said.
    pub fn new(flags: &Flags, env: Env<'_>, config: &Config) -> Result<Self, String> {
        fn choose<T>(sources: impl IntoIterator<Item = (Option<T>, &'static str)>, default: T) -> Chosen<T> {
            let first = sources.into_iter().find_map(|(value, by)| Some(Chosen { value: value?, by }));
            first.unwrap_or(Chosen { value: default, by: DEFAULT })
        }
        let colorless = if env("NO_COLOR").is_some() {
            Some("NO_COLOR")
        } else {
            env("TERM").filter(|term| term == "dumb").map(|_| "TERM=dumb")
        };
        let colorless = match flags.color {
            Some(true) => None,
            Some(false) => Some("--color never"),
            None => colorless,
        };
        let plain = || Some(Theme::PLAIN.name.into_owned());
        let theme = choose(
            [
                (flags.theme.clone(), "--theme"),
                (colorless.and_then(|_| plain()), colorless.unwrap_or_default()),
                (env("WSCOPE_THEME"), "WSCOPE_THEME"),
                (config.theme.clone(), FILE),
            ],
            AUTO.to_owned(),
        );
        config.check_theme(&theme.value).map_err(|error| format!("{}: {error}", theme.by))?;
        let time = match env("WSCOPE_TIME") {
            Some(name) => {
                Some(TimeFormat::named(&name).ok_or_else(|| format!("WSCOPE_TIME: {}", read::times()))?)
            }
            None => None,
        };
        let ascii = choose(
            [
                (flags.ascii.then_some(true), "--ascii"),
                (switch("WSCOPE_ASCII", env)?, "WSCOPE_ASCII"),
                (config.ascii, FILE),
                ((!unicode(env)).then_some(true), "the locale is not UTF-8"),
            ],
            false,
        );
        Ok(Self {
            plain: colorless.is_some() && flags.theme.is_none(),
            theme,
            time: choose([(time, "WSCOPE_TIME"), (config.time, FILE)], TimeFormat::default()),
            mouse: choose(
                [
                    (flags.no_mouse.then_some(false), "--no-mouse"),
                    (switch("WSCOPE_MOUSE", env)?, "WSCOPE_MOUSE"),
                    (config.mouse, FILE),
                ],
                true,
            ),
            ascii,
            depth: Depth::of(&env("COLORTERM").unwrap_or_default(), &env("TERM").unwrap_or_default()),
        })
    }

    /// Makes a model look so. `light` says whether the terminal's ground is light; it is asked only where that
    /// matters.
    pub fn apply(&self, config: &Config, model: &mut Model, light: impl FnOnce() -> bool) {
        let theme = if self.theme.value == AUTO {
            Some(if light() { Theme::LIGHT } else { Theme::DARK })
        } else {
            config.theme_named(&self.theme.value)
        };
        let theme = theme.unwrap_or(Theme::DARK).at(self.depth);
        model.themes = if self.plain {
            vec![theme.clone()]
        } else {
            let all = config.themes.iter().cloned().chain(
                Theme::ALL
                    .into_iter()
                    .filter(|built_in| !config.themes.iter().any(|own| own.name == built_in.name)),
            );
            all.map(|theme| theme.at(self.depth)).collect()
        };
        model.theme = theme;
        model.settings.time = self.time.value;
        model.settings.mouse = self.mouse.value;
        model.settings.ascii = self.ascii.value;
        model.keymap = config.keymap.clone();
        model.saved.clone_from(&config.filters);
    }
}

/// A variable that is on or off.
fn switch(name: &str, env: Env<'_>) -> Result<Option<bool>, String> {
    match env(name).as_deref().map(str::to_ascii_lowercase).as_deref() {
        None => Ok(None),
        Some("1" | "true" | "yes" | "on") => Ok(Some(true)),
        Some("0" | "false" | "no" | "off") => Ok(Some(false)),
        Some(other) => Err(format!("{name}: `{other}` is neither true nor false")),
    }
}

/// The locale says that the terminal shows more than ASCII.
#[must_use]
pub fn unicode(env: Env<'_>) -> bool {
    // Windows has no such variables; its terminals show it.
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(env);
    cfg!(windows)
        || locale.is_some_and(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
}

#[cfg(test)]
mod tests;
