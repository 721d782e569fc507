package dev.baton.server.metrics;

import dev.baton.server.connection.ConnectionScout;
import dev.baton.server.metrics.FamilySpec.Kind;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.metrics.TransportMetrics;
import org.jspecify.annotations.Nullable;

/** Connections and what goes over them; one for all servers or clients of one kind. */
final class TransportRecorder implements TransportMetrics<LatestRequest> {
  private final Recorder recorder;
  private final @Nullable HttpServerRecorder requests;
  private final int connections;
  private final int bytesRead;
  private final int bytesWritten;
  private final int errors;

  /**
   * Makes the families.
   *
   * @param prefix of their names, such as {@code vertx_net_server}
   */
  TransportRecorder(Recorder recorder, String prefix) {
    this(recorder, prefix, null);
  }

  /**
   * As above, for HTTP servers.
   *
   * @param requests what records theirs
   */
  TransportRecorder(Recorder recorder, String prefix, @Nullable HttpServerRecorder requests) {
    this.recorder = recorder;
    this.requests = requests;
    connections = series(Kind.GAUGE, prefix + "_active_connections", "Connections open.");
    bytesRead = series(Kind.COUNTER, prefix + "_bytes_read", "Bytes received.");
    bytesWritten = series(Kind.COUNTER, prefix + "_bytes_written", "Bytes sent.");
    errors = series(Kind.COUNTER, prefix + "_errors", "Failures of connections.");
  }

  private int series(Kind kind, String name, String help) {
    return recorder.family(FamilySpec.of(kind, name, help)).series();
  }

  @Override
  public @Nullable LatestRequest connected(SocketAddress remoteAddress, String remoteName) {
    ConnectionScout.told(remoteAddress);
    recorder.cell().add(connections, 1);
    return requests == null ? null : new LatestRequest(requests);
  }

  @Override
  public void disconnected(@Nullable LatestRequest request, SocketAddress remoteAddress) {
    recorder.cell().add(connections, -1);
    if (request != null) {
      request.closed();
    }
  }

  @Override
  public void bytesRead(
      @Nullable LatestRequest request, SocketAddress remoteAddress, long numberOfBytes) {
    recorder.cell().add(bytesRead, numberOfBytes);
  }

  @Override
  public void bytesWritten(
      @Nullable LatestRequest request, SocketAddress remoteAddress, long numberOfBytes) {
    recorder.cell().add(bytesWritten, numberOfBytes);
  }

  @Override
  public void exceptionOccurred(
      @Nullable LatestRequest request, SocketAddress remoteAddress, Throwable t) {
    recorder.cell().add(errors, 1);
  }
}
