package dev.baton.stages.respond;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.baton.stages.Response;
import dev.baton.stages.ResponseStream;
import dev.baton.stages.Stage;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.streams.ReadStream;
import java.nio.file.Path;
import java.util.function.BiConsumer;

/** Stages named {@code respond}. All of them answer 200 unless they say otherwise. */
public final class Respond {
  private static final String NAME = "respond";
  private static final ObjectMapper MAPPER = JsonMapper.builder().findAndAddModules().build();

  private Respond() {}

  /** Records, collections, maps, {@code JsonObject} and {@code JsonArray} as JSON. */
  public static Stage<Object, Response> json() {
    return Stage.plain(NAME, value -> Response.json(encode(value)));
  }

  private static Buffer encode(Object value) throws JsonProcessingException {
    return switch (value) {
      case JsonObject object -> object.toBuffer();
      case JsonArray array -> array.toBuffer();
      default -> Buffer.buffer(MAPPER.writeValueAsBytes(value));
    };
  }

  /** {@code toString()} as plain text. */
  public static Stage<Object, Response> text() {
    return Stage.plain(NAME, value -> Response.text(value.toString()));
  }

  /**
   * Bytes as they are.
   *
   * @param mediaType such as {@code image/png}
   */
  public static Stage<Buffer, Response> bytes(String mediaType) {
    return Stage.plain(NAME, value -> Response.bytes(value).type(mediaType));
  }

  /** The content of a file, its type by its name. */
  public static Stage<Path, Response> file() {
    return Stage.plain(NAME, value -> Response.file(value.toString()));
  }

  /** A stream in chunks, as fast as the client takes it. */
  public static Stage<ReadStream<Buffer>, Response> stream(String mediaType) {
    return Stage.plain(NAME, value -> Response.stream(value).type(mediaType));
  }

  /**
   * Whatever {@code writer} writes, in chunks; it ends the response.
   *
   * @param writer called in the request's context
   */
  public static <T> Stage<T, Response> written(
      String mediaType, BiConsumer<T, ResponseStream> writer) {
    return Stage.plain(
        NAME, value -> Response.written(out -> writer.accept(value, out)).type(mediaType));
  }

  /** Nothing, status 204. */
  public static Stage<Object, Response> empty() {
    return Stage.plain(NAME, value -> Response.empty());
  }
}
