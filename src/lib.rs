//! wscope shows exactly what every WebSocket connection in a packet capture said.

pub mod audit;
pub mod capture;
pub mod cli;
pub mod decode;
pub mod endpoint;
pub mod engine;
pub mod event;
pub mod file;
pub mod filter;
pub mod generate;
pub mod http;
pub mod item;
pub mod limits;
pub mod observe;
pub mod packet;
pub mod place;
pub mod report;
pub mod rules;
pub mod script;
pub mod serve;
pub mod tcp;
pub mod time;
pub mod tui;
pub mod violate;
pub mod ws;
