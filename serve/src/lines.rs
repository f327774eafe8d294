//! The lines on which the server is asked: so many at a time, and none that is silent for ever.
//!
//! A page needs a handful. Whoever opens more, or begins to ask and does not go on, would otherwise hold file descriptors until
//! there are none left.

use axum::serve::Listener;
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, Sleep, sleep},
};

/// A listener that has so many lines open at most; who comes later waits in the backlog.
pub(crate) struct Lines {
    listener: TcpListener,
    free: Arc<Semaphore>,
    silence: Duration,
}

impl Lines {
    /// At most so many, each closed after so long a silence of its other end. That must be longer than an answer takes.
    pub(crate) fn new(listener: TcpListener, most: usize, silence: Duration) -> Lines {
        Lines { listener, free: Arc::new(Semaphore::new(most)), silence }
    }
}

impl Listener for Lines {
    type Io = Line;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Line, SocketAddr) {
        let place = Arc::clone(&self.free).acquire_owned().await.expect("it is never closed");
        let (stream, from) = Listener::accept(&mut self.listener).await;
        let line =
            Line { stream, silence: self.silence, patience: Box::pin(sleep(self.silence)), _place: place };
        (line, from)
    }

    fn local_addr(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

/// An open line.
pub(crate) struct Line {
    stream: TcpStream,
    silence: Duration,
    /// Over when nothing was heard for as long as that.
    patience: Pin<Box<Sleep>>,
    /// Given back when the line is closed.
    _place: OwnedSemaphorePermit,
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.stream).poll_read(context, into) {
            Poll::Ready(read) => {
                self.heard();
                Poll::Ready(read)
            }
            Poll::Pending => self.too_long(context).map(Err),
        }
    }
}

impl Line {
    /// The other end did something: it spoke, or took what it is told.
    fn heard(&mut self) {
        let silence = self.silence;
        self.patience.as_mut().reset(Instant::now() + silence);
    }

    /// Ready once it has done nothing for too long.
    fn too_long(&mut self, context: &mut Context<'_>) -> Poll<io::Error> {
        self.patience.as_mut().poll(context).map(|()| io::ErrorKind::TimedOut.into())
    }
}

impl AsyncWrite for Line {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match Pin::new(&mut self.stream).poll_write(context, bytes) {
            Poll::Ready(written) => {
                self.heard();
                Poll::Ready(written)
            }
            Poll::Pending => self.too_long(context).map(Err),
        }
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
