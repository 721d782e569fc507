package dev.baton.server.torture;

import java.io.ByteArrayOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ProtocolException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP/1.1 response as it stood on the wire. The parser is strict: what it cannot read to the
 * letter is a {@link ProtocolException}, because it is most likely a byte that went astray.
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
record Response(int status, Map<String, String> headers, Exchange.Framing framing, byte[] body) {
  private static final int MAX_LINE_BYTES = 8_192;
  private static final int MAX_BODY_BYTES = 4 << 20;
  private static final int MAX_TEXT = 300;

  @Nullable String header(String name) {
    return headers.get(name);
  }

  /** The start of the body, where it is text. */
  String text() {
    String type = headers.getOrDefault("content-type", "");
    if (!type.startsWith("text/") && !type.contains("json")) {
      return "";
    }
    int length = Math.min(body.length, MAX_TEXT);
    return ": " + new String(body, 0, length, StandardCharsets.UTF_8);
  }

  /**
   * Reads the next response.
   *
   * @throws EOFException if the stream ends before the response does
   * @throws ProtocolException if the bytes are not a response
   */
  static Response read(InputStream in) throws IOException {
    String statusLine = line(in);
    if (!statusLine.matches("HTTP/1\\.1 [1-5]\\d\\d .*")) {
      throw new ProtocolException("not a status line: " + printable(statusLine));
    }
    Map<String, String> headers = headers(in);
    String length = headers.get("content-length");
    String encoding = headers.get("transfer-encoding");
    if ((length == null) == (encoding == null)) {
      throw new ProtocolException("content-length and transfer-encoding, or none: " + headers);
    }
    Exchange.Framing framing = length == null ? Exchange.Framing.CHUNKED : Exchange.Framing.LENGTH;
    byte[] body = length == null ? chunks(in) : exactly(in, number(length, 10));
    return new Response(Integer.parseInt(statusLine, 9, 12, 10), headers, framing, body);
  }

  private static Map<String, String> headers(InputStream in) throws IOException {
    var headers = new HashMap<String, String>();
    for (String line = line(in); !line.isEmpty(); line = line(in)) {
      int colon = line.indexOf(": ");
      if (colon <= 0) {
        throw new ProtocolException("not a header: " + printable(line));
      }
      String name = line.substring(0, colon).toLowerCase(Locale.ROOT);
      if (headers.put(name, line.substring(colon + 2)) != null) {
        throw new ProtocolException("header twice: " + printable(line));
      }
    }
    return headers;
  }

  private static byte[] chunks(InputStream in) throws IOException {
    var body = new ByteArrayOutputStream();
    for (int size = number(line(in), 16); size > 0; size = number(line(in), 16)) {
      body.write(exactly(in, size));
      endOfLine(in);
    }
    endOfLine(in);
    return body.toByteArray();
  }

  private static void endOfLine(InputStream in) throws IOException {
    String line = line(in);
    if (!line.isEmpty()) {
      throw new ProtocolException("no end of chunk: " + printable(line));
    }
  }

  private static int number(String text, int radix) throws IOException {
    try {
      int number = Integer.parseInt(text, radix);
      if (number >= 0 && number <= MAX_BODY_BYTES) {
        return number;
      }
    } catch (NumberFormatException notANumber) {
      // reported below
    }
    throw new ProtocolException("not a length: " + printable(text));
  }

  private static byte[] exactly(InputStream in, int length) throws IOException {
    byte[] bytes = in.readNBytes(length);
    if (bytes.length < length) {
      throw new EOFException("body ends after " + bytes.length + " of " + length + " bytes");
    }
    return bytes;
  }

  private static String line(InputStream in) throws IOException {
    var line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("connection ends after \"" + printable(line) + "\"");
      }
      if (line.length() == MAX_LINE_BYTES) {
        throw new ProtocolException("line too long: " + printable(line));
      }
      line.append((char) c);
    }
    if (line.isEmpty() || line.charAt(line.length() - 1) != '\r') {
      throw new ProtocolException("line without carriage return: " + printable(line));
    }
    line.setLength(line.length() - 1);
    return line.toString();
  }

  private static String printable(CharSequence text) {
    return text.subSequence(0, Math.min(text.length(), MAX_TEXT))
        .toString()
        .replaceAll("[^ -~]", "·");
  }
}
