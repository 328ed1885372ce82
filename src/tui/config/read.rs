//! From TOML to [`Config`], with an error that names the place.

use toml::de::DeTable;

use super::{BUILT_IN, Config, LISTS, PRESETS};
use crate::audit::config::read::{Fault, Keys, Read, Value};
use crate::filter::{Filter, nearest};
use crate::tui::action::{ACTIONS, Action};
use crate::tui::keys::{Key, Keymap, sequence, text as keys_text};
use crate::tui::model::TimeFormat;
use crate::tui::theme::{Role, Theme, style};

/// Keys, pressed one after another.
type Sequence = Vec<Key>;

/// The formats of times, in words.
pub(super) fn times() -> &'static str {
    "write relative, delta, clock or date"
}

pub(super) fn config(text: &str) -> Read<Config> {
    let document = DeTable::parse(text).map_err(|error| Fault {
        offset: error.span().map_or(text.len(), |span| span.start),
        message: error.message().to_owned(),
    })?;
    let mut config = Config::default();
    let mut document = Keys::new(document.get_ref(), 0, "config.toml");
    let theme = document.take("theme");
    if let Some(value) = document.take("time") {
        let format = TimeFormat::named(value.string()?);
        config.time = Some(format.ok_or_else(|| value.fault(format!("`time`: {}", times())))?);
    }
    config.mouse = document.take("mouse").map(|value| value.boolean()).transpose()?;
    config.ascii = document.take("ascii").map(|value| value.boolean()).transpose()?;
    if let Some(value) = document.take("keys") {
        config.keymap = keys(&value)?;
    }
    if let Some(value) = document.take("themes") {
        for value in value.table("[themes]")?.rest() {
            config.themes.push(self::theme(&value)?);
        }
    }
    if let Some(value) = document.take("filters") {
        filters(&value, &mut config)?;
    }
    if let Some(value) = document.take("columns") {
        let mut lists = value.table("[columns]")?;
        for (name, view) in LISTS {
            if let Some(value) = lists.take(name) {
                let names: Read<Vec<String>> =
                    value.array()?.iter().map(|value| value.string().map(str::to_owned)).collect();
                config.columns.insert(view, names?);
            }
        }
        lists.done()?;
    }
    document.done()?;
    // The file's own themes may stand below.
    if let Some(value) = theme {
        let name = value.string()?;
        config.check_theme(name).map_err(|message| value.fault(message))?;
        config.theme = Some(name.to_owned());
    }
    Ok(config)
}

fn keys(value: &Value<'_>) -> Read<Keymap> {
    let mut keys = value.table("[keys]")?;
    let mut keymap = Keymap::default();
    if let Some(value) = keys.take("preset") {
        let name = value.string()?;
        let names: Vec<&str> = PRESETS.iter().map(|preset| preset.name).collect();
        let preset = PRESETS.iter().find(|preset| preset.name == name);
        keymap = preset
            .ok_or_else(|| value.fault(format!("`preset` must be one of {}", names.join(", "))))?
            .keymap();
    }
    let mut bound: Vec<(Action, Sequence)> = Vec::new();
    for entry in ACTIONS {
        let Some(value) = keys.take(entry.id) else { continue };
        let sequences = if value.value.is_str() { vec![one(&value)?] } else { list(&value)? };
        for sequence in &sequences {
            let clash = bound.iter().find(|(other, keys)| {
                let same = keys.starts_with(sequence) || sequence.starts_with(keys);
                *other != entry.action && same && other.entry().views.meets(entry.views)
            });
            if let Some((other, taken)) = clash {
                return Err(value.fault(format!(
                    "`{}` is already for `{}`{}",
                    keys_text(sequence),
                    other.entry().id,
                    if taken == sequence { String::new() } else { format!(", as `{}`", keys_text(taken)) }
                )));
            }
        }
        bound.extend(sequences.iter().map(|sequence| (entry.action, sequence.clone())));
        keymap.bind(entry.action, sequences);
    }
    keys.done()?;
    Ok(keymap)
}

fn list(value: &Value<'_>) -> Read<Vec<Sequence>> {
    value.array()?.iter().map(one).collect()
}

fn one(value: &Value<'_>) -> Read<Sequence> {
    let text = value.string()?;
    let keys = sequence(text).map_err(|error| value.fault(format!("`{}`: {error}", value.key)))?;
    match keys.first().map(ToString::to_string).as_deref() {
        None => Err(value.fault(format!("`{}`: no key is written [], the space bar Space", value.key))),
        Some("Ctrl-c") if value.key != Action::QuitNow.entry().id => {
            Err(value.fault(format!("`{}`: Ctrl-c always quits", value.key)))
        }
        Some(_) => Ok(keys),
    }
}

fn theme(value: &Value<'_>) -> Read<Theme> {
    let mut keys = value.table("a theme")?;
    if value.key == super::AUTO {
        return Err(value.fault("`auto` is not the name of one theme: choose another".to_owned()));
    }
    let base = match keys.take("base") {
        None => Theme::DARK,
        Some(base) => {
            let name = base.string()?;
            let near = || match nearest(name, BUILT_IN) {
                Some(near) => format!("there is no theme `{name}`; did you mean `{near}`?"),
                None => format!("`base` must be one of {}", BUILT_IN.join(", ")),
            };
            Theme::named(name).ok_or_else(|| base.fault(near()))?
        }
    };
    let mut styles = Vec::new();
    for role in Role::ALL {
        if let Some(value) = keys.take(role.name()) {
            let style =
                style(value.string()?).map_err(|error| value.fault(format!("`{}`: {error}", value.key)))?;
            styles.push((role, style));
        }
    }
    keys.done()?;
    Ok(base.with(value.key.to_owned(), &styles))
}

fn filters(value: &Value<'_>, config: &mut Config) -> Read<()> {
    let values = value.table("[filters]")?.rest();
    for value in &values {
        let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
        if !value.key.chars().all(plain) || value.key.is_empty() {
            return Err(value.fault(format!("`{}` is no name: write letters, digits, - and _", value.key)));
        }
        config.filters.insert(value.key.to_owned(), value.string()?.to_owned());
    }
    // They may name one another.
    for value in &values {
        let text = value.string()?;
        Filter::parse_with(text, &|name| config.filters.get(name).cloned())
            .map_err(|error| value.fault(format!("the filter `{}`: {error}", value.key)))?;
    }
    Ok(())
}
