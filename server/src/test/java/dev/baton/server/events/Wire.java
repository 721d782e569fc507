package dev.baton.server.events;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;

/** A client's end of a connection: bytes as they are, no library between. One thread at a time. */
final class Wire implements AutoCloseable {
  private static final int TIMEOUT_MILLIS = 20_000;
  private static final byte[] HTTP2_PREFACE = ascii("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

  static final int DATA = 0;
  static final int HEADERS = 1;
  static final int RST_STREAM = 3;
  static final int SETTINGS = 4;
  static final int PUSH_PROMISE = 5;

  private final Socket socket;
  private final DataInputStream in;
  private final OutputStream out;

  Wire(int port) throws IOException {
    socket = new Socket();
    socket.setTcpNoDelay(true);
    socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), TIMEOUT_MILLIS);
    socket.setSoTimeout(TIMEOUT_MILLIS);
    in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
    out = socket.getOutputStream();
  }

  Wire timeout(int millis) throws IOException {
    socket.setSoTimeout(millis);
    return this;
  }

  Wire send(String text) throws IOException {
    return send(ascii(text));
  }

  Wire send(byte[] bytes) throws IOException {
    out.write(bytes);
    return this;
  }

  Wire get(String path) throws IOException {
    return send(request(path));
  }

  static String request(String path) {
    return "GET " + path + " HTTP/1.1\r\nhost: x\r\n\r\n";
  }

  /** The head of a response, all lines of it; its first line is the status. */
  String head() throws IOException {
    var text = new StringBuilder();
    while (text.length() < 4 || !text.substring(text.length() - 4).equals("\r\n\r\n")) {
      text.append((char) in.readUnsignedByte());
    }
    return text.toString();
  }

  /** The body of the next response, which carries a content-length. */
  String response() throws IOException {
    String head = head().toLowerCase(Locale.ROOT);
    int at = head.indexOf("content-length: ");
    if (at < 0) {
      throw new IOException("no content-length: " + head);
    }
    int length = Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)));
    return text(length);
  }

  String text(int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("got " + bytes.length + " of " + length + " bytes");
    }
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  /** Whether the peer has ended the connection; waits for it. */
  boolean ended() throws IOException {
    return in.read() < 0;
  }

  void halfClose() throws IOException {
    socket.shutdownOutput();
  }

  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }

  // ---- WebSocket ----

  Wire upgrade(String path) throws IOException {
    send(
        "GET "
            + path
            + " HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
            + "sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    return this;
  }

  /** A masked frame with a mask of zeros, shorter than 126 bytes. */
  static byte[] frame(int opcode, byte[] payload) {
    return ByteBuffer.allocate(6 + payload.length)
        .put((byte) (0x80 | opcode))
        .put((byte) (0x80 | payload.length))
        .putInt(0)
        .put(payload)
        .array();
  }

  static byte[] textFrame(String text) {
    return frame(1, ascii(text));
  }

  static byte[] closeFrame() {
    return frame(8, new byte[] {3, (byte) 0xe8});
  }

  // ---- HTTP/2, with prior knowledge ----

  /**
   * @param settings pairs of identifier and value
   */
  Wire http2(int... settings) throws IOException {
    ByteBuffer payload = ByteBuffer.allocate(settings.length / 2 * 6);
    for (int i = 0; i < settings.length; i += 2) {
      payload.putShort((short) settings[i]).putInt(settings[i + 1]);
    }
    var bytes = new ByteArrayOutputStream();
    bytes.writeBytes(HTTP2_PREFACE);
    bytes.writeBytes(http2Frame(SETTINGS, 0, 0, payload.array()));
    bytes.writeBytes(http2Frame(SETTINGS, 1, 0, new byte[0]));
    return send(bytes.toByteArray());
  }

  /** A GET in header fields that need no table, with END_STREAM. */
  static byte[] http2Get(int stream, String path) {
    byte[] name = ascii(path);
    ByteBuffer block = ByteBuffer.allocate(64 + name.length);
    block.put((byte) 0x82).put((byte) 0x86);
    block.put((byte) 0x04).put((byte) name.length).put(name);
    block.put((byte) 0x01).put((byte) 1).put((byte) 'x');
    byte[] payload = Arrays.copyOf(block.array(), block.position());
    return http2Frame(HEADERS, 0x5, stream, payload);
  }

  static byte[] http2Frame(int type, int flags, int stream, byte[] payload) {
    return ByteBuffer.allocate(9 + payload.length)
        .put((byte) (payload.length >> 16))
        .putShort((short) payload.length)
        .put((byte) type)
        .put((byte) flags)
        .putInt(stream)
        .put(payload)
        .array();
  }

  Frame http2Frame() throws IOException {
    int length = (in.readUnsignedByte() << 16) | in.readUnsignedShort();
    int type = in.readUnsignedByte();
    int flags = in.readUnsignedByte();
    int stream = in.readInt();
    byte[] payload = new byte[length];
    in.readFully(payload);
    return new Frame(type, flags, stream, ByteBuffer.wrap(payload));
  }

  /** Reads and drops frames until one of {@code type} comes. */
  Frame http2Frame(int type) throws IOException {
    while (true) {
      Frame frame = http2Frame();
      if (frame.type == type) {
        return frame;
      }
    }
  }

  record Frame(int type, int flags, int stream, ByteBuffer payload) {}

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
