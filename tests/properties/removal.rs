//! Removing handlers that were there from the start.

use containerd_edit::{Code, Document, Handlers, Inventory, Patch, apply};
use proptest::prelude::*;

use crate::meaning;
use crate::spellings::{self, Choices};

fn check(text: &str, names: &[&str]) -> Result<(), TestCaseError> {
    let config = Document::parse(text.as_bytes()).expect("the config is TOML");
    let removal = names
        .iter()
        .fold(Patch::new(), |patch, name| patch.remove(*name));
    let removed = match apply(Some(&config), &removal) {
        Ok(removed) => removed,
        Err(error) if error.code() == Code::NotEditable => return Ok(()),
        Err(error) => return Err(TestCaseError::fail(format!("{error:?} on {text:?}"))),
    };
    let Some(left) = removed.text else {
        return Ok(());
    };
    let after = Document::parse(left.as_bytes()).expect("the result is TOML");
    let inventory = Inventory::of(&after, None).expect("the version is known");
    for handler in &inventory.handlers {
        // containerd 1.x may need it.
        let may_stay = handler.name == "runc";
        prop_assert!(
            may_stay || !names.contains(&handler.name.as_str()),
            "{names:?} are gone from {text:?}: {left:?}"
        );
    }
    let handlers: Vec<&str> = names.iter().copied().chain(["runc"]).collect();
    prop_assert_eq!(
        meaning::elsewhere(text, &handlers),
        meaning::elsewhere(&left, &handlers),
        "{:?} without {:?}: {:?}",
        text,
        names,
        left
    );
    let again = apply(Some(&after), &removal);
    prop_assert!(
        matches!(&again, Ok(again) if again.text.as_deref() == Some(left.as_str())
            && again.handlers == Handlers::default()),
        "{text:?} without {names:?}: {left:?}, then {again:?}"
    );
    Ok(())
}

proptest! {
    #![proptest_config(crate::config())]

    #[test]
    fn what_is_removed_is_gone_and_all_else_stays(numbers in spellings::numbers()) {
        let mut choices = Choices::new(&numbers);
        let all = ["untrusted", "crun", "runc", "a.b", "Upper case", "kata"];
        let names: Vec<&str> = (0..=choices.below(3)).map(|_| choices.of(&all)).collect();
        let text = spellings::config(&mut choices);
        if Document::parse(text.as_bytes()).is_ok() {
            check(&text, &names)?;
        }
    }
}
