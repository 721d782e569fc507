package dev.baton.loadgen.client;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import io.netty.handler.codec.http2.EmptyHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import java.nio.ByteBuffer;

/**
 * A request ready to be written, in the one HTTP version that the run speaks.
 *
 * @param head whether its response has no body
 * @param idempotent whether it may be sent twice (RFC 9110, 9.2.2)
 * @param http1 its bytes in HTTP/1.1, but for a body that is written in pieces
 * @param http2 its fields in HTTP/2; not to be changed
 * @param body what follows {@code http1} or {@code http2}; empty for nothing
 */
record EncodedRequest(
    boolean head, boolean idempotent, ByteBuf http1, Http2Headers http2, ByteBuf body) {
  static final Http2Headers NO_FIELDS = EmptyHttp2Headers.INSTANCE;

  /** The same outside of the heap, to be written any number of times. */
  EncodedRequest direct() {
    // Freed with its owner: no leak, whatever Netty's detector thinks of a buffer of its own that
    // nobody releases.
    var memory = ByteBuffer.allocateDirect(http1.readableBytes());
    http1.getBytes(http1.readerIndex(), memory);
    return new EncodedRequest(
        head,
        idempotent,
        Unpooled.unreleasableBuffer(Unpooled.wrappedBuffer(memory.flip())),
        http2,
        body);
  }
}
