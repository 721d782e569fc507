package dev.baton.loadgen.export;

import com.sun.net.httpserver.HttpServer;
import dev.baton.loadgen.record.Progress;
import dev.baton.loadgen.record.Recorder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.function.Supplier;

/** A running load at {@code /metrics} on the loopback, in the text format of Prometheus. */
public final class PrometheusExporter implements AutoCloseable {
  private final HttpServer server;

  /**
   * Starts serving.
   *
   * @param port on the loopback; 0 for any
   * @param recorder of the load
   * @param interval the last interval
   * @throws IOException if the port is taken
   */
  public PrometheusExporter(int port, Recorder recorder, Supplier<Interval> interval)
      throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 16);
    server.createContext(
        "/metrics",
        exchange -> {
          byte[] body = text(recorder.progress(), interval.get()).getBytes(StandardCharsets.UTF_8);
          exchange.getResponseHeaders().set("content-type", "text/plain; version=0.0.4");
          exchange.sendResponseHeaders(200, body.length);
          try (var out = exchange.getResponseBody()) {
            out.write(body);
          }
        });
    server.start();
  }

  /** The port served. */
  public int port() {
    return server.getAddress().getPort();
  }

  static String text(Progress progress, Interval interval) {
    var text = new StringBuilder();
    counter(text, "scheduled", "Requests that were due.", progress.scheduled());
    counter(text, "sent", "Requests handed to a connection.", progress.sent());
    text.append("# HELP baton_loadgen_requests_total Requests that ended, by outcome.\n");
    text.append("# TYPE baton_loadgen_requests_total counter\n");
    outcome(text, "ok", progress.ok());
    outcome(text, "http_error", progress.httpErrors());
    outcome(text, "timeout", progress.timeouts());
    outcome(text, "connect_error", progress.connectErrors());
    gauge(text, "open_requests", "Requests awaiting their answer.", progress.open());
    gauge(text, "waiting_requests", "Requests awaiting a connection.", progress.waiting());
    gauge(text, "connections", "Connections open.", progress.connections());
    quantiles(text, "response_time", "Response time from the intended start", interval.response());
    quantiles(text, "lateness", "Lateness of the generator itself", interval.lateness());
    return text.toString();
  }

  private static void counter(StringBuilder text, String name, String help, long value) {
    String full = "baton_loadgen_" + name + "_total";
    text.append("# HELP " + full + " " + help + "\n# TYPE " + full + " counter\n");
    text.append(full + " " + value + "\n");
  }

  private static void outcome(StringBuilder text, String outcome, long value) {
    text.append("baton_loadgen_requests_total{outcome=\"" + outcome + "\"} " + value + "\n");
  }

  private static void gauge(StringBuilder text, String name, String help, long value) {
    String full = "baton_loadgen_" + name;
    text.append("# HELP " + full + " " + help + "\n# TYPE " + full + " gauge\n");
    text.append(full + " " + value + "\n");
  }

  private static void quantiles(
      StringBuilder text, String name, String help, Interval.Quantiles quantiles) {
    String full = "baton_loadgen_" + name + "_seconds";
    text.append("# HELP " + full + " " + help + ", quantiles of the last second.\n");
    text.append("# TYPE " + full + " summary\n");
    quantile(text, full, "0.5", quantiles.p50Millis());
    quantile(text, full, "0.99", quantiles.p99Millis());
    quantile(text, full, "1", quantiles.maxMillis());
    text.append(String.format(Locale.ROOT, "%s_sum %.9f\n", full, quantiles.sumMillis() / 1e3));
    text.append(full + "_count " + quantiles.count() + "\n");
  }

  private static void quantile(StringBuilder text, String name, String quantile, double millis) {
    text.append(String.format(Locale.ROOT, "%s{quantile=\"%s\"} ", name, quantile));
    text.append(Double.isNaN(millis) ? "NaN" : String.format(Locale.ROOT, "%.9f", millis / 1e3));
    text.append('\n');
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
