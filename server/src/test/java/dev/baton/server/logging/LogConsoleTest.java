package dev.baton.server.logging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.LoggingEvent;
import ch.qos.logback.classic.util.LogbackMDCAdapter;
import ch.qos.logback.core.encoder.Encoder;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** How lines look when what they tell comes from outside. */
final class LogConsoleTest {
  private static final String FORGED = "x\n2026-01-01 INFO forged\r\u001b[2J\u0007";

  private final LoggerContext context = new LoggerContext();

  private String encoded(
      Encoder<ILoggingEvent> encoder, String message, @Nullable Throwable thrown) {
    context.setMDCAdapter(new LogbackMDCAdapter());
    encoder.setContext(context);
    encoder.start();
    var event =
        new LoggingEvent(
            LogConsoleTest.class.getName(),
            context.getLogger("a.b.Some"),
            Level.WARN,
            message,
            thrown,
            null);
    return new String(encoder.encode(event), StandardCharsets.UTF_8);
  }

  @Test
  void shouldLetNoMessageEndItsLineOrMoveTheCursor() {
    String line = encoded(LogConsole.plain(), FORGED, null);

    assertThat(line).endsWith(" WARN  Some: x?2026-01-01 INFO forged??[2J?\n");
    assertThat(line.lines()).hasSize(1);
  }

  @Test
  void shouldSetTheLinesOfAnExceptionsMessageOff() {
    String entry =
        encoded(
            LogConsole.plain(),
            "failed",
            new IllegalStateException(FORGED, new IllegalArgumentException("y\nforged")));

    assertThat(entry.lines().skip(1))
        .allMatch(
            line ->
                line.startsWith("java.lang.IllegalStateException: x")
                    || line.startsWith("Caused by: java.lang.IllegalArgumentException: y")
                    || line.startsWith("    | ")
                    || line.startsWith("\t"));
    assertThat(entry)
        .contains("\n    | 2026-01-01 INFO forged", "\n    | forged")
        .doesNotContain("\u001b", "\u0007", "\r");
  }

  @Test
  void shouldEscapeJson() {
    String line =
        encoded(LogConsole.json(), FORGED + "\"\\", new IllegalStateException("\u0000\"\n"));

    assertThat(line.lines()).hasSize(1);
    var json = new JsonObject(line);
    assertThat(json.getString("formattedMessage")).isEqualTo(FORGED + "\"\\");
    assertThat(json.getJsonObject("throwable").getString("message")).isEqualTo("\u0000\"\n");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "loud", "infos", "null"})
  void shouldRefuseLevelsThatThereAreNot(String level) {
    assertThatThrownBy(() -> LogConsole.checkLevel(level))
        .hasMessage("level=" + level + ": choose one of trace, debug, info, warn, error, off");
  }
}
