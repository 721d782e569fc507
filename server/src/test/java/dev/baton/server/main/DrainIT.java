package dev.baton.server.main;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What clients see of a server that drains, byte by byte. */
@Timeout(300)
final class DrainIT {
  private static final byte[] PREFACE =
      "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
  private static final int HEAD_BYTES = 9; // of a frame
  private static final int SETTINGS = 4;
  private static final int GOAWAY = 7;

  @TempDir Path directory;

  @Test
  void shouldFinishWhatIsUnderWayAndAskTheClientToClose() throws Exception {
    try (ServeProcess serve = ServeProcess.start(directory, "--drain-seconds=60");
        Socket client = new Socket(InetAddress.getLoopbackAddress(), serve.port)) {
      ask(client, "/fast");
      String before = response(client);
      ask(client, "/block/3000");
      serve.awaitLine("/metrics", "vertx_http_server_active_requests 1.0");

      serve.terminate();
      String response = response(client);

      assertThat(before)
          .startsWith("HTTP/1.1 200 ")
          .doesNotContainIgnoringCase("connection: close");
      assertThat(response)
          .startsWith("HTTP/1.1 200 ")
          .containsIgnoringCase("connection: close")
          .endsWith("slept 3000 ms");
      assertThat(client.getInputStream().read()).isEqualTo(-1);
      assertThat(serve.awaitExit()).isZero();
    }
  }

  private static void ask(Socket client, String path) throws IOException {
    String request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
  }

  /** Head and body. */
  private static String response(Socket client) throws IOException {
    var read = new ByteArrayOutputStream();
    while (!read.toString(StandardCharsets.US_ASCII).endsWith("\r\n\r\n")) {
      read.write(client.getInputStream().read());
    }
    String head = read.toString(StandardCharsets.US_ASCII);
    int length = Integer.parseInt(head.replaceAll("(?is).*content-length: (\\d+).*", "$1"));
    return head + new String(client.getInputStream().readNBytes(length), StandardCharsets.US_ASCII);
  }

  @Test
  void shouldSayGoodbyeToClientsOfHttp2() throws Exception {
    try (ServeProcess serve = ServeProcess.start(directory, "--drain-seconds=60");
        Socket client = new Socket(InetAddress.getLoopbackAddress(), serve.port)) {
      OutputStream out = client.getOutputStream();
      out.write(PREFACE);
      out.write(new byte[] {0, 0, 0, SETTINGS, 0, 0, 0, 0, 0}); // all as it is by default
      var in = new DataInputStream(client.getInputStream());
      awaitFrame(in, SETTINGS);

      serve.terminate();

      awaitFrame(in, GOAWAY);
      client.close();
      assertThat(serve.awaitExit()).isZero();
    }
  }

  /** Fails if the connection ends before. */
  private static void awaitFrame(DataInputStream in, int type) throws IOException {
    int seen;
    do {
      byte[] head = new byte[HEAD_BYTES];
      in.readFully(head);
      int length = ((head[0] & 0xff) << 16) | ((head[1] & 0xff) << 8) | (head[2] & 0xff);
      in.readFully(new byte[length]);
      seen = head[3];
    } while (seen != type);
  }
}
