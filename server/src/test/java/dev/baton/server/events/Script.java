package dev.baton.server.events;

import io.vertx.core.buffer.Buffer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.locks.LockSupport;

/**
 * What one client does on one connection, drawn from a seed: the same actions whatever it is
 * answered. It waits wherever the order of what happens at the server would depend on time
 * otherwise, and nowhere else.
 */
final class Script {
  /** Ways to answer whose callbacks come in one order, however the bytes are cut. */
  private static final List<String> INLINE = List.of("now", "now", "end", "ack");

  private static final List<String> LATE = List.of("timer", "turn", "away", "pause", "stream");
  private static final List<String> CALLBACKS =
      List.of("handler", "handler", "end", "data", "headersEnd", "bodyEnd", "close", "timer");

  private final SplittableRandom random;
  private final Trace trace;
  private final Wire wire;
  private final List<String> actions = new ArrayList<>();
  private final boolean blocks;
  private int number;

  /**
   * A script.
   *
   * @param blocks whether some callbacks sleep, up to five milliseconds
   */
  Script(SplittableRandom random, Trace trace, Wire wire, boolean blocks) {
    this.random = random;
    this.trace = trace;
    this.wire = wire;
    this.blocks = blocks;
  }

  /** What was done, for reports. */
  List<String> actions() {
    return actions;
  }

  /** Plays it; the connection is closed afterwards, by one side or the other. */
  void play(Kind kind) throws IOException {
    switch (kind) {
      case HTTP_1, HTTP_1_TLS -> http1();
      case EARLY_CLOSE -> earlyClose();
      case WEB_SOCKET -> webSocket();
      case CONNECT -> connect();
      case HTTP_2, HTTP_2_TLS -> {
        wire.http2();
        http2(1);
      }
      case UPGRADE_TO_HTTP_2 -> upgrade();
    }
  }

  enum Kind {
    HTTP_1(50, false),
    HTTP_1_TLS(2, true),
    EARLY_CLOSE(14, false),
    WEB_SOCKET(12, false),
    CONNECT(8, false),
    HTTP_2(9, false),
    HTTP_2_TLS(1, true),
    UPGRADE_TO_HTTP_2(4, false);

    final int weight;
    final boolean tls;

    Kind(int weight, boolean tls) {
      this.weight = weight;
      this.tls = tls;
    }

    static Kind of(SplittableRandom random) {
      int at = random.nextInt(Arrays.stream(values()).mapToInt(kind -> kind.weight).sum());
      for (Kind kind : values()) {
        at -= kind.weight;
        if (at < 0) {
          return kind;
        }
      }
      throw new AssertionError();
    }
  }

  // ---- HTTP/1.1 ----

  private void http1() throws IOException {
    for (int rounds = random.nextInt(1, 4); rounds > 0; rounds--) {
      int size = pipelineSize();
      var bytes = new ByteArrayOutputStream();
      for (int i = 0; i < size; i++) {
        bytes.writeBytes(request(size > 16 ? "now" : how()));
      }
      write(bytes.toByteArray());
      for (int i = 0; i < size; i++) {
        response();
      }
    }
    switch (random.nextInt(8)) {
      case 0 -> {
        does("server closes");
        wire.send(request("bye", 0, true));
        response();
        expectEnd();
      }
      case 1 -> {
        does("reset");
        wire.reset();
      }
      case 2 -> {
        does("half-close");
        write(request("now"));
        wire.halfClose();
        response();
        expectEnd();
      }
      case 3 -> breakOff("ack", true);
      case 4 -> breakOff("hold", false);
      case 5 -> {
        does("server resets");
        wire.send(request("reset", 0, true));
        expectEnd();
      }
      default -> does("close");
    }
    wire.close();
  }

  private int pipelineSize() {
    int of = random.nextInt(1_000);
    return of < 550 ? 1 : of < 900 ? random.nextInt(2, 9) : of < 995 ? 16 : random.nextInt(17, 501);
  }

  private String how() {
    if (random.nextInt(4) > 0) {
      return INLINE.get(random.nextInt(INLINE.size()));
    }
    trace.loose();
    return LATE.get(random.nextInt(LATE.size()));
  }

  /** Leaves while the response, and perhaps the request, is half done; the server knows of both. */
  private void breakOff(String how, boolean halfRequest) throws IOException {
    byte[] bytes = request(how, halfRequest ? 2 : 0, false);
    write(halfRequest ? Arrays.copyOf(bytes, bytes.length - 1) : bytes);
    client(wire.head().startsWith("HTTP/1.1 200") ? "200 begun" : "wrong");
    wire.text("3\r\nack\r\n".length());
    switch (random.nextInt(3)) {
      case 0 -> {
        does("reset in the middle");
        wire.reset();
      }
      case 1 -> {
        does("half-close in the middle");
        wire.halfClose();
        expectEnd();
      }
      default -> does("close in the middle");
    }
  }

  /** Sends and leaves, and waits for nothing. */
  private void earlyClose() throws IOException {
    String how = random.nextBoolean() ? "never" : "now";
    byte[] bytes = request(how, how.equals("never") ? random.nextInt(3) : 0, false);
    boolean half = how.equals("never") && bytes[0] == 'P' && random.nextBoolean();
    write(half ? Arrays.copyOf(bytes, bytes.length - 1) : bytes);
    if (random.nextInt(3) == 0) {
      does("half-close early");
      wire.halfClose();
      if (how.equals("now")) {
        response();
      }
      expectEnd();
    }
    does("close early");
    wire.close();
  }

  private byte[] request(String how) {
    return request(how, random.nextInt(3), true);
  }

  /**
   * A request.
   *
   * @param body 0 for none, 1 for one in chunks, 2 for one with a length
   */
  private byte[] request(String how, int body, boolean mayBlock) {
    String path = path(how, mayBlock);
    String head = path + " HTTP/1.1\r\nhost: x\r\n";
    does((body == 0 ? "GET " : body == 1 ? "POST chunked " : "POST ") + path);
    if (body == 0) {
      return ascii("GET " + head + "\r\n");
    }
    String content =
        "x" + number + "y".repeat(random.nextInt(random.nextInt(8) == 0 ? 20_000 : 40));
    if (body == 2) {
      return ascii("POST " + head + "content-length: " + content.length() + "\r\n\r\n" + content);
    }
    var text = new StringBuilder("POST " + head + "transfer-encoding: chunked\r\n\r\n");
    for (int from = 0; from < content.length(); ) {
      int size = Math.min(content.length() - from, random.nextInt(1, 5_000));
      text.append(Integer.toHexString(size)).append("\r\n");
      text.append(content, from, from + size).append("\r\n");
      from += size;
    }
    return ascii(text.append("0\r\n\r\n").toString());
  }

  private String path(String how, boolean mayBlock) {
    String path = "/" + how + "/" + ++number;
    if (!mayBlock || !blocks || random.nextInt(8) > 0) {
      return path;
    }
    return path
        + "?in="
        + CALLBACKS.get(random.nextInt(CALLBACKS.size()))
        + "&us="
        + random.nextInt(random.nextInt(4) == 0 ? 5_000 : 500);
  }

  private void response() throws IOException {
    String head = wire.head();
    int status = Integer.parseInt(head.substring(9, 12));
    var body = new StringBuilder();
    String lower = head.toLowerCase(Locale.ROOT);
    int at = lower.indexOf("content-length: ");
    if (at >= 0) {
      body.append(wire.text(Integer.parseInt(head.substring(at + 16, head.indexOf('\r', at)))));
    } else if (lower.contains("transfer-encoding: chunked")) {
      for (int size = -1; size != 0; ) {
        size = Integer.parseInt(wire.line(), 16);
        body.append(wire.text(size));
        wire.text(2);
      }
    }
    client(status + " " + body.length() + "/" + Integer.toHexString(body.toString().hashCode()));
  }

  // ---- WebSocket ----

  private void webSocket() throws IOException {
    boolean slow = blocks && random.nextInt(4) == 0;
    does("web socket");
    wire.upgrade(slow ? "/slow" : "/");
    client(wire.head().startsWith("HTTP/1.1 101") ? "101" : "refused");
    for (int rounds = random.nextInt(1, 4); rounds > 0; rounds--) {
      int messages = random.nextInt(1, 9);
      var bytes = new ByteArrayOutputStream();
      for (int i = 0; i < messages; i++) {
        bytes.writeBytes(message(++number));
      }
      does(messages + " messages");
      write(bytes.toByteArray());
      for (int i = 0; i < messages; i++) {
        client(wire.readFrame());
      }
    }
    switch (random.nextInt(5)) {
      case 0 -> {
        does("server closes");
        wire.send(Wire.textFrame("bye"));
        client(wire.readFrame());
        wire.send(Wire.closeFrame());
        expectEnd();
      }
      case 1 -> {
        does("reset");
        wire.reset();
      }
      case 2 -> {
        does("close without a frame");
      }
      case 3 -> {
        does("message and close");
        wire.send(Wire.join(Wire.textFrame("last"), Wire.closeFrame()));
        client(wire.readFrame());
        client(wire.readFrame());
        expectEnd();
      }
      default -> {
        does("close frame");
        wire.send(Wire.closeFrame());
        client(wire.readFrame());
        expectEnd();
      }
    }
    wire.close();
  }

  private byte[] message(int id) {
    byte[] text = ascii("message " + id);
    return switch (random.nextInt(4)) {
      case 0 -> Wire.frame(2, text);
      case 1 -> {
        // In two frames, the first one not final.
        byte[] first = Wire.frame(1, Arrays.copyOf(text, 3));
        first[0] &= 0x7f;
        yield Wire.join(first, Wire.frame(0, Arrays.copyOfRange(text, 3, text.length)));
      }
      default -> Wire.frame(1, text);
    };
  }

  // ---- CONNECT ----

  private void connect() throws IOException {
    does("CONNECT");
    wire.send("CONNECT /socket/" + ++number + " HTTP/1.1\r\nhost: x\r\n\r\n");
    client(wire.head().startsWith("HTTP/1.1 200") ? "200" : "refused");
    for (int rounds = random.nextInt(1, 5); rounds > 0; rounds--) {
      String text = "z".repeat(random.nextInt(1, random.nextInt(8) == 0 ? 30_000 : 50));
      write(ascii(text));
      client(wire.text(text.length()).equals(text) ? "echo" : "wrong");
    }
    switch (random.nextInt(3)) {
      case 0 -> {
        does("reset");
        wire.reset();
      }
      case 1 -> {
        does("half-close");
        wire.halfClose();
        expectEnd();
      }
      default -> does("close");
    }
    wire.close();
  }

  // ---- HTTP/2 ----

  private void upgrade() throws IOException {
    String path = path("now", false);
    does("upgrade to h2c, GET " + path);
    wire.send(
        "GET "
            + path
            + " HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
            + "http2-settings: AAMAAABk\r\n\r\n");
    client(wire.head().startsWith("HTTP/1.1 101") ? "101" : "refused");
    wire.http2();
    http2Responses(1);
    http2(3);
  }

  private void http2(int firstStream) throws IOException {
    trace.loose();
    int stream = firstStream;
    for (int rounds = random.nextInt(1, 4); rounds > 0; rounds--) {
      int streams = random.nextInt(3) == 0 ? random.nextInt(2, 20) : 1;
      var bytes = new ByteArrayOutputStream();
      for (int i = 0; i < streams; i++) {
        bytes.writeBytes(http2Request(stream));
        stream += 2;
      }
      write(bytes.toByteArray());
      http2Responses(streams);
    }
    if (random.nextInt(3) == 0) {
      String path = path("hold", false);
      does("RST_STREAM in the middle of GET " + path);
      wire.send(Wire.http2Get(stream, path));
      while (wire.http2Frame(Wire.DATA).stream() != stream) {
        // of another one
      }
      wire.send(Wire.http2Frame(Wire.RST_STREAM, 0, stream, new byte[] {0, 0, 0, 8}));
      // What comes after has been read after.
      wire.send(Wire.http2Get(stream + 2, path("now", false)));
      http2Responses(1);
    }
    if (random.nextInt(4) == 0) {
      does("reset");
      wire.reset();
    } else {
      does("close");
    }
    wire.close();
  }

  private byte[] http2Request(int stream) {
    String how = random.nextInt(3) == 0 ? LATE.get(random.nextInt(LATE.size())) : "end";
    String path = path(how, true);
    if (random.nextBoolean()) {
      does("GET " + path);
      return Wire.http2Get(stream, path);
    }
    does("POST " + path);
    byte[] first = ascii("x".repeat(random.nextInt(1, 1_000)));
    byte[] second = ascii("y".repeat(random.nextInt(1, 1_000)));
    return Wire.join(
        Wire.http2Post(stream, path),
        Wire.http2Frame(Wire.DATA, 0, stream, first),
        Wire.http2Frame(Wire.DATA, 1, stream, second));
  }

  /** Reads until as many streams have ended, and notes each with its data, lowest first. */
  private void http2Responses(int streams) throws IOException {
    var bodies = new TreeMap<Integer, Buffer>();
    for (int ended = 0; ended < streams; ) {
      Wire.Frame frame = wire.http2Frame();
      if (frame.type() == Wire.HEADERS || frame.type() == Wire.DATA) {
        Buffer body = bodies.computeIfAbsent(frame.stream(), s -> Buffer.buffer());
        if (frame.type() == Wire.DATA) {
          body.appendBytes(frame.payload().array());
        }
        ended += frame.flags() & 1;
      } else if (frame.type() == Wire.RST_STREAM) {
        bodies.put(frame.stream(), Buffer.buffer("reset"));
        ended++;
      }
    }
    bodies.forEach(
        (stream, body) -> client("stream " + stream + " " + body.length() + "/" + body.hashCode()));
  }

  // ---- all ----

  /** In one piece or in several, with pauses between. */
  private void write(byte[] bytes) throws IOException {
    int pieces = random.nextInt(3) == 0 ? random.nextInt(2, 5) : 1;
    if (pieces > 1) {
      does("in " + pieces + " pieces");
    }
    int from = 0;
    for (int i = 1; i <= pieces; i++) {
      int to = i == pieces ? bytes.length : random.nextInt(from, bytes.length + 1);
      wire.send(Arrays.copyOfRange(bytes, from, to));
      from = to;
      if (i < pieces && random.nextBoolean()) {
        LockSupport.parkNanos(random.nextInt(300_000));
      }
    }
  }

  private void expectEnd() throws IOException {
    client(wire.ended() ? "end" : "more");
  }

  private void client(String text) {
    trace.add(Trace.CLIENT, text);
  }

  private void does(String text) {
    actions.add(text);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
