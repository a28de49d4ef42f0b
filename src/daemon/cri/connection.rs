//! One HTTP/2 connection to a daemon's socket, as tonic wants it.
//!
//! No channel of tonic's: that would connect again by itself, and then it might be another daemon
//! that answers.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::UnixStream;
use tonic::Status;
use tonic::body::Body;
use tonic::client::{Grpc, GrpcService};
use tonic_prost::ProstCodec;

/// How soon a daemon is tried again whose queue of connections is full.
const QUEUE_POLL: Duration = Duration::from_millis(10);
/// As much as an answer may hold, as the kubelet has it.
const MOST_BYTES: usize = 16 * 1024 * 1024;
/// A socket has no name on the network, and HTTP/2 wants one.
const ORIGIN: &str = "http://localhost";

/// A connection that ends with the daemon which accepted it.
#[derive(Debug, Clone)]
pub(super) struct Connection {
    sender: SendRequest<Body>,
}

impl Connection {
    /// Speaks HTTP/2 over a stream. The connection is kept up by the runtime that this runs in.
    pub(super) async fn over(stream: UnixStream) -> hyper::Result<Self> {
        let io = TokioIo::new(stream);
        let (sender, driver) = http2::handshake(TokioExecutor::new(), io).await?;
        // How it ends is seen by whoever sends.
        tokio::spawn(driver);
        Ok(Self { sender })
    }

    /// Whether the other side is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.sender.is_closed()
    }

    /// Calls a method of CRI.
    pub(super) async fn call<Q, A>(&self, method: &'static str, question: Q) -> Result<A, Status>
    where
        Q: prost::Message + Send + Sync + 'static,
        A: prost::Message + Default + Send + Sync + 'static,
    {
        let mut grpc = Grpc::with_origin(self.clone(), Uri::from_static(ORIGIN))
            .max_decoding_message_size(MOST_BYTES);
        let ready = grpc.ready().await;
        ready.map_err(|error| Status::unavailable(error.to_string()))?;
        let path = PathAndQuery::from_static(method);
        let codec = ProstCodec::<Q, A>::default();
        let answer = grpc
            .unary(tonic::Request::new(question), path, codec)
            .await?;
        Ok(answer.into_inner())
    }
}

impl GrpcService<Body> for Connection {
    type ResponseBody = Incoming;
    type Error = hyper::Error;
    type Future = Pin<Box<dyn Future<Output = hyper::Result<Response<Incoming>>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<hyper::Result<()>> {
        self.sender.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.sender.send_request(request))
    }
}

/// Connects to a socket. A full queue is waited for, which whoever calls this has to end.
pub(super) async fn connect(path: &Path) -> io::Result<UnixStream> {
    loop {
        match UnixStream::connect(path).await {
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                tokio::time::sleep(QUEUE_POLL).await;
            }
            outcome => return outcome,
        }
    }
}
