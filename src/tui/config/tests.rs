use super::*;
use crate::tui::action::{ACTIONS, Action};
use crate::tui::keys::{Meaning, sequence};
use crate::tui::theme::Role;
use crate::tui::workers::Workers;
use ratatui::style::{Color, Modifier, Style};

fn parse(text: &str) -> Result<Config, String> {
    Config::parse(text, Path::new("c.toml")).map_err(|error| error.to_string())
}

fn none(_: &str) -> Option<String> {
    None
}

#[test]
fn a_file_is_read() {
    let config = parse(
        r##"
theme = "mine"
time = "clock"
mouse = false
[keys]
filter = ["/", "Ctrl-f"]
help = "F1"
pause = []
[themes.mine]
base = "light"
client = "#ffb000 black bold"
[filters]
bad = '@errors or close.code == 1002'
errors = 'severity == error'
[columns]
connections = ["Client", "End"]
"##,
    )
    .unwrap();
    assert_eq!((config.time, config.mouse, config.ascii), (Some(TimeFormat::Clock), Some(false), None));
    let theme = config.theme_named("mine").unwrap();
    let client = Style::new().fg(Color::Rgb(0xff, 0xb0, 0)).bg(Color::Black).add_modifier(Modifier::BOLD);
    assert_eq!(theme.style(Role::Client), client);
    assert_eq!(theme.style(Role::Server), Theme::LIGHT.style(Role::Server));
    let meaning = |keys| config.keymap.meaning(ViewId::Messages, &sequence(keys).unwrap());
    assert_eq!(meaning("Ctrl-f"), Meaning::Action(Action::Filter));
    assert_eq!(meaning("?"), Meaning::Nothing);
    assert_eq!(meaning("p"), Meaning::Nothing);
    assert_eq!(meaning("j"), Meaning::Action(Action::Down));
    assert_eq!(config.filters["errors"], "severity == error");
    assert_eq!(config.columns[&ViewId::Conns], ["Client", "End"]);
}

#[test]
fn what_cannot_be_said_is_explained() {
    for (text, remark) in [
        ("thema = 1", "c.toml:1: unknown key `thema`; did you mean `theme`?"),
        ("\ntheme = \"drak\"", "c.toml:2: there is no theme `drak`; did you mean `dark`?"),
        ("theme = 3", "c.toml:1: `theme` must be a string"),
        ("time = \"utc\"", "write relative, delta, clock or date"),
        ("[keys]\n\nfiltre = \"x\"", "c.toml:3: unknown key `filtre`; did you mean `filter`?"),
        ("[keys]\nfilter = [\"/\", \"Strg-f\"]", "c.toml:2: `filter`: `Strg-f` is no key"),
        ("[keys]\nfilter = \"\"", "no key is written []"),
        ("[keys]\nhelp = \"Ctrl-c\"", "Ctrl-c always quits"),
        ("[keys]\nhelp = \"z\"\npalette = \"z\"", "c.toml:3: `z` is already for `help`"),
        ("[keys]\nhelp = \"z\"\npalette = \"z z\"", "`z z` is already for `help`, as `z`"),
        ("[keys]\npreset = \"emacs\"", "`preset` must be one of vim, arrows"),
        ("[themes.x]\nbase = \"drak\"", "did you mean `dark`?"),
        ("[themes.x]\nclient = \"gren\"", "c.toml:2: `client`: `gren` is no colour; did you mean `green`?"),
        ("[themes.x]\nclints = \"red\"", "did you mean `client`?"),
        ("[themes.auto]", "`auto` is not the name"),
        ("[filters]\nx = 'op == txt'", "c.toml:2: the filter `x`: unknown opcode `txt`"),
        ("[filters]\nx = '@x'", "in a circle"),
        ("[filters]\n\"a b\" = 'ping'", "`a b` is no name"),
        ("[columns]\nconns = []", "unknown key `conns`"),
        ("[keys", "c.toml:1: "),
    ] {
        let error = parse(text).unwrap_err();
        assert!(error.contains(remark), "{text}: {error}");
    }
}

#[test]
fn the_template_says_what_goes_without_saying() {
    let template = template();
    assert!(parse(&template).is_ok());
    // A line that is a comment of a setting, without its #.
    let setting = |line: &str| {
        let rest = line.strip_prefix("# ")?;
        let key = rest.split(" = ").next().filter(|_| rest.contains(" = "));
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-';
        (key?.chars().all(plain) || rest.starts_with('[')).then(|| rest.to_owned())
    };
    let all: Vec<String> = template
        .lines()
        .map(|line| {
            let table = line.strip_prefix("# [").map(|rest| format!("[{rest}"));
            table.or_else(|| setting(line)).unwrap_or_else(|| line.to_owned())
        })
        .collect();
    let config = parse(&all.join("\n")).unwrap_or_else(|error| panic!("{error}\n{}", all.join("\n")));
    let default = Keymap::default();
    for entry in ACTIONS {
        let keys = |keymap: &Keymap| keymap.keys(entry.action).collect::<Vec<_>>();
        assert_eq!(keys(&config.keymap), keys(&default), "{}", entry.id);
        assert!(all.iter().any(|line| line.starts_with(&format!("{} = ", entry.id))), "{}", entry.id);
    }
    assert_eq!(config.theme.as_deref(), Some(AUTO));
    assert!(config.filters.contains_key("errors") && config.theme_named("mine").is_some());
    assert!(template.lines().all(|line| line.len() <= 250), "{template}");
}

#[test]
fn presets_keep_every_action_but_movements_by_letters() {
    for preset in PRESETS {
        let keymap = preset.keymap();
        for entry in ACTIONS {
            assert!(keymap.keys(entry.action).next().is_some(), "{}: {}", preset.name, entry.id);
        }
    }
    let arrows = PRESETS[1].keymap();
    assert_eq!(arrows.meaning(ViewId::Messages, &sequence("j").unwrap()), Meaning::Nothing);
    assert_eq!(
        arrows.meaning(ViewId::Messages, &sequence("Ctrl-f").unwrap()),
        Meaning::Action(Action::Filter)
    );
}

#[test]
fn themes_have_their_names() {
    assert_eq!(BUILT_IN.map(str::to_owned), Theme::ALL.map(|theme| theme.name.into_owned()));
}

/// Flags before variables, these before the file.
#[test]
fn who_says_what() {
    let config = parse("theme = \"light\"\nmouse = false\nascii = false").unwrap();
    let looks = |flags: &Flags, env: Env<'_>| Looks::new(flags, env, &config);
    let by_file = looks(&Flags::default(), &none).unwrap();
    assert_eq!((&*by_file.theme.value, by_file.theme.by), ("light", "config.toml"));
    assert_eq!((by_file.mouse.value, by_file.ascii.value, by_file.time.by), (false, false, "default"));
    let env = |name: &str| match name {
        "WSCOPE_THEME" => Some("cvd".to_owned()),
        "WSCOPE_MOUSE" => Some("1".to_owned()),
        "WSCOPE_TIME" => Some("delta".to_owned()),
        "COLORTERM" => Some("truecolor".to_owned()),
        _ => None,
    };
    let by_env = looks(&Flags::default(), &env).unwrap();
    assert_eq!((&*by_env.theme.value, by_env.theme.by, by_env.mouse.value), ("cvd", "WSCOPE_THEME", true));
    assert_eq!((by_env.time.value, by_env.depth), (TimeFormat::Delta, Depth::True));
    let flags = Flags { theme: Some("dark".to_owned()), no_mouse: true, ascii: true, color: None };
    let by_flag = looks(&flags, &env).unwrap();
    assert_eq!((&*by_flag.theme.value, by_flag.mouse.value, by_flag.ascii.value), ("dark", false, true));

    let no_color = |name: &str| (name == "NO_COLOR").then(|| "1".to_owned());
    let plain = looks(&Flags::default(), &no_color).unwrap();
    assert_eq!((&*plain.theme.value, plain.theme.by, plain.plain), ("plain", "NO_COLOR", true));
    let asked = looks(&Flags { theme: Some("dark".to_owned()), ..Flags::default() }, &no_color).unwrap();
    assert_eq!((&*asked.theme.value, asked.plain), ("dark", false));
    let always = looks(&Flags { color: Some(true), ..Flags::default() }, &no_color).unwrap();
    assert_eq!(always.theme.value, "light");
    let never = looks(&Flags { color: Some(false), ..Flags::default() }, &env).unwrap();
    assert_eq!(never.theme.value, "plain");
    let dumb = looks(&Flags::default(), &|name| (name == "TERM").then(|| "dumb".to_owned())).unwrap();
    assert_eq!(dumb.theme.value, "plain");

    let wrong = looks(&Flags { theme: Some("drak".to_owned()), ..Flags::default() }, &none).unwrap_err();
    assert_eq!(wrong, "--theme: there is no theme `drak`; did you mean `dark`?");
    let wrong =
        looks(&Flags::default(), &|name| (name == "WSCOPE_ASCII").then(|| "maybe".to_owned())).unwrap_err();
    assert!(wrong.starts_with("WSCOPE_ASCII: "), "{wrong}");
}

#[test]
fn locales() {
    for (variables, utf8) in [
        (&[][..], false),
        (&[("LANG", "en_GB.UTF-8")], true),
        (&[("LANG", "en_GB.UTF-8"), ("LC_ALL", "C")], false),
        (&[("LANG", "C"), ("LC_CTYPE", "C.utf8")], true),
        (&[("LANG", "de_DE.ISO-8859-1")], false),
    ] {
        let env = |name: &str| {
            variables.iter().find(|(other, _)| *other == name).map(|(_, value)| (*value).to_owned())
        };
        assert_eq!(unicode(&env) && !cfg!(windows), utf8, "{variables:?}");
    }
}

#[test]
fn looks_go_into_the_model() {
    let config = parse("[themes.mine]\nclient = \"#ff0000\"\n[filters]\np = 'ping'").unwrap();
    let mut model = Model::new(String::new(), Workers::inline(), None);
    let utf8 = |name: &str| (name == "LANG").then(|| "C.UTF-8".to_owned());
    let looks = Looks::new(&Flags::default(), &utf8, &config).unwrap();
    looks.apply(&config, &mut model, || true);
    assert_eq!((&*model.theme.name, model.settings.ascii), ("light", false));
    assert_eq!(model.themes.len(), 6);
    // Sixteen colours only.
    assert_eq!(model.themes[0].style(Role::Client).fg, Some(Color::LightRed));
    assert_eq!(model.saved["p"], "ping");
    let looks =
        Looks::new(&Flags::default(), &|name| (name == "NO_COLOR").then(|| "1".to_owned()), &config).unwrap();
    looks.apply(&config, &mut model, || panic!("asked"));
    assert_eq!(model.themes, [Theme::PLAIN]);
    assert!(!model.theme.has_colors() && model.settings.ascii);
}
