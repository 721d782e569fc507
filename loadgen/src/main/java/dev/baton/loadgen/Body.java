package dev.baton.loadgen;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The body of a request: a text, or the bytes of a file that is mapped into memory and never read
 * as a whole. Immutable.
 */
public final class Body {
  /** No body. */
  public static final Body NONE = new Body("", null, 0);

  private final String text;
  private final @Nullable Path file;
  private final long length;

  private Body(String text, @Nullable Path file, long length) {
    this.text = text;
    this.file = file;
    this.length = length;
  }

  /** A text, sent as UTF-8. */
  public static Body of(String text) {
    return text.isEmpty()
        ? NONE
        : new Body(text, null, text.getBytes(StandardCharsets.UTF_8).length);
  }

  /**
   * The bytes of a file, which is not to be changed during the run.
   *
   * @throws IllegalArgumentException if it cannot be read or is longer than 2 GB
   */
  public static Body of(Path file) {
    try {
      long size = Files.size(file);
      if (!Files.isReadable(file) || Files.isDirectory(file)) {
        throw new IllegalArgumentException("body file " + file + ": cannot be read");
      }
      if (size > Integer.MAX_VALUE) {
        throw new IllegalArgumentException("body file " + file + ": is longer than 2 GB");
      }
      return size == 0 ? NONE : new Body("", file, size);
    } catch (IOException e) {
      throw new IllegalArgumentException("body file " + file + ": cannot be read", e);
    }
  }

  /** Whether there is none. */
  public boolean isEmpty() {
    return length == 0;
  }

  /** Length in bytes. */
  public long length() {
    return length;
  }

  /** The text; empty if it is a file. */
  public String text() {
    return text;
  }

  /** The file; null if it is a text. */
  public @Nullable Path file() {
    return file;
  }

  /**
   * The bytes, outside of the heap.
   *
   * @throws IllegalArgumentException if the file cannot be read any more
   */
  public ByteBuffer bytes() {
    if (file == null) {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.allocateDirect(bytes.length).put(bytes).flip();
    }
    try (var channel = FileChannel.open(file)) {
      return channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
    } catch (IOException e) {
      throw new IllegalArgumentException("body file " + file + ": cannot be read", e);
    }
  }
}
