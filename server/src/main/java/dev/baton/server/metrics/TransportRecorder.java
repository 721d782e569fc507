package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import io.vertx.core.net.SocketAddress;
import io.vertx.core.spi.metrics.TransportMetrics;
import org.jspecify.annotations.Nullable;

/** Connections and what goes over them; one for all servers or clients of one kind. */
final class TransportRecorder implements TransportMetrics<TransportRecorder.Connection> {
  /** A connection. */
  static final class Connection extends Recorder.Site {
    private Connection(Recorder recorder) {
      super(recorder, recorder.loop());
    }
  }

  private final Recorder recorder;
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
    this.recorder = recorder;
    connections = series(Kind.GAUGE, prefix + "_active_connections", "Connections open.");
    bytesRead = series(Kind.COUNTER, prefix + "_bytes_read", "Bytes received.");
    bytesWritten = series(Kind.COUNTER, prefix + "_bytes_written", "Bytes sent.");
    errors = series(Kind.COUNTER, prefix + "_errors", "Failures of connections.");
  }

  private int series(Kind kind, String name, String help) {
    return recorder.family(FamilySpec.of(kind, name, help)).series();
  }

  @Override
  public Connection connected(SocketAddress remoteAddress, String remoteName) {
    Connection connection = new Connection(recorder);
    connection.cell().add(connections, 1);
    return connection;
  }

  @Override
  public void disconnected(Connection connection, SocketAddress remoteAddress) {
    connection.cell().add(connections, -1);
  }

  @Override
  public void bytesRead(
      @Nullable Connection connection, SocketAddress remoteAddress, long numberOfBytes) {
    cell(connection).add(bytesRead, numberOfBytes);
  }

  @Override
  public void bytesWritten(
      @Nullable Connection connection, SocketAddress remoteAddress, long numberOfBytes) {
    cell(connection).add(bytesWritten, numberOfBytes);
  }

  @Override
  public void exceptionOccurred(
      @Nullable Connection connection, SocketAddress remoteAddress, Throwable t) {
    cell(connection).add(errors, 1);
  }

  private Cell cell(@Nullable Connection connection) {
    return connection == null ? recorder.cell() : connection.cell();
  }
}
