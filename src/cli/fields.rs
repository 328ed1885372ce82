//! `wscope fields`: what filters can ask for.

use std::io::{self, Write};

use crate::filter::{FIELDS, Field, nearest};
use crate::report::{fieldbook, visible};

use super::args::Color;
use super::table::{Align, Column, Room, Table};
use super::terminal;
use super::{Outcome, session};

pub(super) fn run(names: &[String], color: Color) -> anyhow::Result<Outcome> {
    session::set_color(color);
    let mut out = anstream::stdout().lock();
    if names.is_empty() {
        list(&mut out)?;
        return Ok(Outcome::Done);
    }
    let mut pages = Vec::new();
    for name in names {
        let info = Field::find(name).ok_or_else(|| unknown(name))?;
        pages.push(fieldbook::page(info));
    }
    out.write_all(pages.join("\n").as_bytes())?;
    Ok(Outcome::Done)
}

fn unknown(name: &str) -> anyhow::Error {
    let names = FIELDS.iter().flat_map(|info| std::iter::once(info.name).chain(info.aliases.iter().copied()));
    let hint = nearest(name, names)
        .map_or_else(|| "`wscope fields` lists them".to_owned(), |near| format!("did you mean `{near}`?"));
    let mut shown = String::new();
    visible::visible(name.as_bytes(), &mut shown);
    anyhow::anyhow!("there is no field `{shown}`; {hint}")
}

fn list(out: &mut impl Write) -> io::Result<()> {
    let column = |title, room| Column { title, align: Align::Left, room };
    let mut table = Table::new([
        column("Field", Room::Keep),
        column("Type", Room::Keep),
        column("Of", Room::Drop(1)),
        column("What it is", Room::Cut(24)),
        column("Example", Room::Drop(0)),
    ]);
    for info in FIELDS {
        let cells = [info.name, info.kind.name(), &info.rows.to_string(), info.what, info.example];
        table.push(cells.map(str::to_owned));
    }
    for cells in fieldbook::OTHERS {
        table.push(cells.map(str::to_owned));
    }
    table.write(out, terminal::width(), false)
}
