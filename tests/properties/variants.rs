//! Variants of a file that no edit should care about.

/// What is done to a file, by name.
type Variant = (&'static str, fn(&str) -> String);

pub(crate) const ALL: [Variant; 13] = [
    ("as it is", str::to_owned),
    ("CRLF", |text| {
        text.replace("\r\n", "\n").replace('\n', "\r\n")
    }),
    ("no final newline", |text| {
        text.trim_end_matches(['\r', '\n']).to_owned()
    }),
    ("byte order mark", |text| {
        format!("\u{feff}{}", text.trim_start_matches('\u{feff}'))
    }),
    ("comment at the end", |text| format!("{text}\n# the end\n")),
    ("comment at the end, unterminated", |text| {
        format!("{text}\n# one\n# the end")
    }),
    ("comment above each header", |text| {
        each_line(text, |line| {
            let is_header = line.trim_start().starts_with('[');
            let above = if is_header {
                "# about the next header\n"
            } else {
                ""
            };
            format!("{above}{line}")
        })
    }),
    ("comment behind each line", |text| {
        each_line(text, |line| match line.strip_suffix('\n') {
            Some(text) if !text.trim().is_empty() => format!("{text} # behind\n"),
            _ => line.to_owned(),
        })
    }),
    ("empty lines at the end", |text| format!("{text}\n\n \t\n")),
    ("tabs", |text| text.replace("  ", "\t")),
    ("no empty lines", |text| {
        each_line(text, |line| {
            if line.trim().is_empty() {
                String::new()
            } else {
                line.to_owned()
            }
        })
    }),
    ("empty line below each line", |text| {
        each_line(text, |line| format!("{line}\n"))
    }),
    ("white space behind each line", |text| {
        each_line(text, |line| match line.strip_suffix('\n') {
            Some(text) => format!("{} \t\n", text.trim_end_matches('\r')),
            None => format!("{line} "),
        })
    }),
];

fn each_line(text: &str, change: impl Fn(&str) -> String) -> String {
    text.split_inclusive('\n').map(change).collect()
}
