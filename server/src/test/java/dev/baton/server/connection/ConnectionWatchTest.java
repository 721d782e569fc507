package dev.baton.server.connection;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.Unpooled;
import io.netty.channel.embedded.EmbeddedChannel;
import io.netty.handler.codec.http.DefaultHttpContent;
import io.netty.handler.codec.http.DefaultHttpRequest;
import io.netty.handler.codec.http.HttpMethod;
import io.netty.handler.codec.http.HttpVersion;
import io.netty.handler.codec.http.LastHttpContent;
import io.vertx.core.http.impl.http1.VertxHttpObject;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** How long the rest of a body is read whose request has been answered. The time is a fake. */
final class ConnectionWatchTest {
  private final EmbeddedChannel channel =
      new EmbeddedChannel(new ConnectionWatch(new Timeouts(Duration.ZERO, Duration.ZERO)));

  @BeforeEach
  void answerBeforeTheBodyHasCome() {
    channel.freezeTime();
    channel.writeInbound(new DefaultHttpRequest(HttpVersion.HTTP_1_1, HttpMethod.POST, "/"));
    channel.writeOutbound(new VertxHttpObject(true));
  }

  @AfterEach
  void close() {
    channel.finishAndReleaseAll();
  }

  @Test
  void shouldReadOnWhileTheBodyComesSlowly() {
    for (int i = 0; i < 4; i++) {
      comes();
      pass(9);

      assertThat(channel.isOpen()).isTrue();
    }
    channel.writeInbound(LastHttpContent.EMPTY_LAST_CONTENT);
    pass(600);

    assertThat(channel.isOpen()).isTrue();
  }

  @Test
  void shouldCloseWhenNothingComes() {
    comes();
    pass(16); // the first look saw something

    assertThat(channel.isOpen()).isFalse();
  }

  @Test
  void shouldCloseThoughTheBodyComesForEver() {
    for (int i = 0; i < 59; i++) {
      comes();
      pass(1);
    }
    assertThat(channel.isOpen()).isTrue();
    pass(2);

    assertThat(channel.isOpen()).isFalse();
  }

  private void comes() {
    channel.writeInbound(new DefaultHttpContent(Unpooled.wrappedBuffer(new byte[100])));
  }

  /** So many seconds pass, as the loop sees them. */
  private void pass(int seconds) {
    for (int i = 0; i < seconds; i++) {
      channel.advanceTimeBy(1, TimeUnit.SECONDS);
      channel.runScheduledPendingTasks();
      channel.runPendingTasks();
    }
  }
}
