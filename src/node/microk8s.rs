//! `MicroK8s`: a config whose strings it fills in when it starts containerd.

use crate::error::{Code, Error, NextStep};

/// The folder of the settings with which it starts its services.
pub(super) const FOLDER: &str = "/var/snap/microk8s/current/args";
/// The config that is edited.
pub(super) const CONFIG: &str = "/var/snap/microk8s/current/args/containerd-template.toml";

/// What the variables of the file usually stand for. Paths don't decide whether containerd serves;
/// the default handler does.
const VARIABLES: [(&str, &str); 6] = [
    ("${RUNTIME_TYPE}", "io.containerd.runc.v2"),
    ("${RUNTIME}", "runc"),
    ("${SNAPSHOTTER}", "overlayfs"),
    ("${SNAP_COMMON}", "/var/snap/microk8s/common"),
    ("${SNAP_DATA}", "/var/snap/microk8s/current"),
    ("${SNAP}", "/snap/microk8s/current"),
];

/// The template is gone: what containerd is started with would be no more than what an edit adds.
/// `is_kept`: whether its text is kept.
pub(crate) fn gone(is_kept: bool) -> Error {
    let message = "this file is gone, from which MicroK8s makes containerd's config";
    let hint = if is_kept {
        NextStep::Restore.into()
    } else {
        "reinstall MicroK8s, which brings it along".to_owned()
    };
    Error::new(Code::NotStarted, message, hint)
}

/// The text with its variables filled in, for judging.
pub(super) fn rendered(text: &str) -> String {
    let filled_in = |text: String, (variable, value)| text.replace(variable, value);
    VARIABLES.into_iter().fold(text.to_owned(), filled_in)
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;
    use crate::containerd::{ConfigFiles, Host, Release, Verdict, load};

    #[test]
    fn the_template_serves_once_it_is_filled_in() {
        let text = fixture::text("microk8s", CONFIG);
        assert!(text.contains("${SNAP}"), "{text}");
        let rendered = rendered(&text);
        assert!(!rendered.contains("${"), "{rendered}");
        for release in Release::LINES {
            let files = ConfigFiles::new(CONFIG, rendered.as_bytes());
            let verdict = load(&files, release, &Host::default());
            let Verdict::Serves { default, .. } = verdict else {
                panic!("{release}: {verdict:?}");
            };
            assert_eq!(default, "runc");
        }
    }
}
