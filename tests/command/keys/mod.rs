//! `set`, `unset` and `get`: single keys, whoever has set them.

mod getting;
mod of_handlers;
mod setting;

const CONFIG: &str = "version = 3\n\n[debug]\n  level = \"info\" # ours\n";
