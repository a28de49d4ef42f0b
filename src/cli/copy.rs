//! The verbs about a copy of this program on the host.

use std::path::Path;

use containerd_edit::{Error, ExitCode, OwnCopy};
use serde_json::json;

use super::Run;
use super::arguments::Format;

impl Run {
    pub(super) fn keep_copy(&mut self, path: &Path) -> Result<ExitCode, Error> {
        let changed = self.copy(path).keep()?;
        let done = if changed {
            "copied this program there"
        } else {
            "nothing to do"
        };
        Ok(self.report_copy(path, changed, done))
    }

    pub(super) fn remove_copy(&mut self, path: &Path) -> Result<ExitCode, Error> {
        let removed = self.copy(path).remove(true)?;
        let done = match (removed.copy, removed.folder) {
            (true, true) => "removed the copy and its folder",
            (true, false) => "removed the copy",
            (false, true) => "removed the folder of the copy",
            (false, false) => "nothing to do",
        };
        Ok(self.report_copy(path, removed.is_change(), done))
    }

    fn copy(&self, path: &Path) -> OwnCopy {
        OwnCopy::new(path)
            .host_root(self.host_root.clone())
            .lock_timeout(self.arguments.global.lock_timeout)
    }

    fn report_copy(&mut self, path: &Path, changed: bool, done: &str) -> ExitCode {
        let global = &self.arguments.global;
        let code = if changed && global.exit_code {
            ExitCode::Changed
        } else {
            ExitCode::Success
        };
        if global.output == Format::Json {
            let path = path.to_string_lossy();
            let report = json!({ "schema": 1, "changed": changed, "path": path });
            return self.report_json(&report, false, code);
        }
        if global.quiet {
            return code;
        }
        self.print(&format!("{}: {done}\n", path.display()), false, code)
    }
}
