package dev.baton.server.metrics;

import dev.baton.server.metrics.FamilySpec.Kind;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.spi.metrics.EventBusMetrics;
import org.jspecify.annotations.Nullable;

/** The event bus. Vert.x's own addresses are left out; addresses are not told apart. */
final class EventBusRecorder implements EventBusMetrics<EventBusRecorder> {
  private final Recorder recorder;
  private final int handlers;
  private final int pending;
  private final int published;
  private final int sent;
  private final int received;
  private final int delivered;
  private final int discarded;
  private final int replyFailures;

  EventBusRecorder(Recorder recorder) {
    this.recorder = recorder;
    handlers = series(Kind.GAUGE, "handlers", "Handlers registered.");
    pending = series(Kind.GAUGE, "pending", "Messages that wait for their handler.");
    published = series(Kind.COUNTER, "published", "Messages published.");
    sent = series(Kind.COUNTER, "sent", "Messages sent to one handler.");
    received = series(Kind.COUNTER, "received", "Messages received.");
    delivered = series(Kind.COUNTER, "delivered", "Messages delivered to handlers.");
    discarded = series(Kind.COUNTER, "discarded", "Messages dropped before their handler.");
    replyFailures = series(Kind.COUNTER, "reply_failures", "Replies that failed.");
  }

  private int series(Kind kind, String name, String help) {
    return recorder.family(FamilySpec.of(kind, "vertx_eventbus_" + name, help)).series();
  }

  private static boolean isOfUsers(String address) {
    return !address.startsWith("__vertx.");
  }

  @Override
  public @Nullable EventBusRecorder handlerRegistered(String address) {
    if (!isOfUsers(address)) {
      return null;
    }
    recorder.cell().add(handlers, 1);
    return this;
  }

  @Override
  public void handlerUnregistered(@Nullable EventBusRecorder handler) {
    if (handler != null) {
      recorder.cell().add(handlers, -1);
    }
  }

  @Override
  public void scheduleMessage(@Nullable EventBusRecorder handler, boolean local) {
    if (handler != null) {
      recorder.cell().add(pending, 1);
    }
  }

  @Override
  public void messageDelivered(@Nullable EventBusRecorder handler, boolean local) {
    if (handler != null) {
      Cell cell = recorder.cell();
      cell.add(pending, -1);
      cell.add(delivered, 1);
    }
  }

  @Override
  public void discardMessage(
      @Nullable EventBusRecorder handler, boolean local, Message<?> message) {
    if (handler != null) {
      Cell cell = recorder.cell();
      cell.add(pending, -1);
      cell.add(discarded, 1);
    }
  }

  @Override
  public void messageSent(String address, boolean publish, boolean local, boolean remote) {
    if (isOfUsers(address)) {
      recorder.cell().add(publish ? published : sent, 1);
    }
  }

  @Override
  public void messageReceived(String address, boolean publish, boolean local, int handlers) {
    if (isOfUsers(address)) {
      recorder.cell().add(received, 1);
    }
  }

  @Override
  public void replyFailure(String address, ReplyFailure failure) {
    if (isOfUsers(address)) {
      recorder.cell().add(replyFailures, 1);
    }
  }
}
