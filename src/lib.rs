//! Changes a node's containerd configuration safely.
