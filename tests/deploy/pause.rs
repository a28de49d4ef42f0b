//! What the commands of docs/deploy count on in Kubernetes' pause image: `/pause -v` ends with 0, and
//! `/pause` never ends.

fn main() {
    if std::env::args().any(|argument| argument == "-v") {
        println!("pause, for a test");
        return;
    }
    loop {
        std::thread::park();
    }
}
