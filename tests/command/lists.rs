//! Lists to which several owners add, and what stands where a list or a table belongs.

use crate::tool::Node;

const UNPACK: &str = "plugins.\"io.containerd.transfer.v1.local\".unpack_config";
const AMD64: &str = "{platform=\"linux/amd64\",snapshotter=\"overlayfs\"}";

#[test]
fn the_last_of_an_array_of_tables_goes_with_its_header() {
    let one = format!("[[{UNPACK}]]\n  platform = 'linux/amd64'\n  snapshotter = 'overlayfs'\n");
    let parents = "[plugins]\n[plugins.\"io.containerd.transfer.v1.local\"]\n";
    for (above, below) in [
        ("", ""),
        (parents, ""),
        ("[debug]\nlevel = 'info'\n\n", "\n[timeouts]\n"),
    ] {
        for key in [UNPACK, &format!("{UNPACK}={AMD64}")] {
            let text = format!("version = 3\n{above}{one}{below}");
            let node = Node::with(&text);
            node.run(&["unset", key]).exits(0);
            let rest = format!("version = 3\n{above}{below}");
            assert_eq!(node.text().replace('\n', ""), rest.replace('\n', ""));
        }
    }
}
