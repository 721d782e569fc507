package dev.baton.server.connection;

import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.handler.codec.http2.Http2Connection;
import io.netty.handler.codec.http2.Http2ConnectionAdapter;
import io.netty.handler.codec.http2.Http2ConnectionHandler;
import io.netty.handler.codec.http2.Http2Error;
import io.netty.handler.codec.http2.Http2Exception;
import io.netty.handler.codec.http2.Http2RemoteFlowController;
import io.netty.handler.codec.http2.Http2Stream;
import io.netty.handler.codec.http2.Http2Stream.State;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Knows the streams of an HTTP/2 connection, and resets those whose client goes on to send though
 * it has been answered. On its event loop.
 *
 * @see <a href="https://www.rfc-editor.org/rfc/rfc9113#section-8.1">RFC 9113, 8.1</a>
 */
final class Http2Watch {
  private final ChannelHandlerContext codec;
  private final Http2ConnectionHandler handler;
  private final Http2Connection connection;

  private boolean lingers;
  private long dropped; // bytes of the connection since a stream lingers

  Http2Watch(ChannelHandlerContext codec) {
    this.codec = codec;
    this.handler = (Http2ConnectionHandler) codec.handler();
    this.connection = handler.connection();
    connection.addListener(
        new Http2ConnectionAdapter() {
          @Override
          public void onStreamHalfClosed(Http2Stream stream) {
            if (stream.state() == State.HALF_CLOSED_LOCAL) {
              linger(stream);
            }
          }
        });
  }

  /** Whether there is no stream. */
  boolean isIdle() {
    return connection.numActiveStreams() == 0;
  }

  /** Another number than before if there have been streams meanwhile. */
  int wait(int before) {
    return before + connection.remote().lastStreamCreated();
  }

  /** Whether a client has sent all of a request, has read all there is of the answer, and waits. */
  boolean isServersTurn() {
    Http2RemoteFlowController flow = handler.encoder().flowController();
    try {
      return connection.forEachActiveStream(
              stream ->
                  stream.state() != State.HALF_CLOSED_REMOTE || flow.hasFlowControlled(stream))
          != null;
    } catch (Http2Exception e) {
      throw new IllegalStateException(e); // nothing here throws it
    }
  }

  private void linger(Http2Stream stream) {
    if (!lingers) {
      lingers = true;
      dropped = 0;
    }
    Future<?> _ =
        codec
            .executor()
            .schedule(() -> reset(stream), Timeouts.LINGER.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** So many bytes have come. */
  void read(int bytes) {
    if (lingers) {
      dropped += bytes;
      if (dropped > Timeouts.LINGER_BYTES) {
        lingers = false;
        resetAll();
      }
    }
  }

  private void resetAll() {
    try {
      Http2Stream _ =
          connection.forEachActiveStream(
              stream -> {
                codec.executor().execute(() -> reset(stream));
                return true;
              });
    } catch (Http2Exception e) {
      throw new IllegalStateException(e); // nothing here throws it
    }
  }

  private void reset(Http2Stream stream) {
    if (stream.state() == State.HALF_CLOSED_LOCAL) {
      ChannelFuture _ =
          handler.resetStream(codec, stream.id(), Http2Error.NO_ERROR.code(), codec.newPromise());
      codec.flush();
    }
  }
}
