//! The program as its users run it: arguments in; standard output, standard error and an exit code out.

#[path = "../support/mod.rs"]
mod support;

mod check;
mod config;
mod export;
mod filter;
mod follow;
mod generate;
mod har;
mod hostile;
mod inputs;
mod inspect;
mod ls;
mod pages;
mod rule;
mod run;
mod show;
