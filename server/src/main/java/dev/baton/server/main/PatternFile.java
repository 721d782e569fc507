package dev.baton.server.main;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A temporary file of {@value #KIB} KiB filled with the {@link Pattern} of seed {@value #SEED}. All
 * demo services of a process share one: the first to open it writes it, the last to close it
 * deletes it.
 */
final class PatternFile {
  static final int KIB = 16_384;
  static final long SEED = 1;

  private static final int BLOCK_BYTES = 1 << 20;

  // Guarded by PatternFile.class
  private static @Nullable PatternFile shared;
  private static int users;

  private final Path path;

  private PatternFile(Path path) {
    this.path = path;
  }

  /** Blocks while the first caller writes the file. Pair each call with one {@link #close()}. */
  static synchronized PatternFile open() {
    PatternFile file = shared;
    if (file == null) {
      try {
        file = new PatternFile(write());
      } catch (IOException failure) {
        throw new UncheckedIOException(
            "cannot write the demo file of " + KIB + " KiB; java.io.tmpdir names its directory",
            failure);
      }
      shared = file;
    }
    users++;
    return file;
  }

  /** Reads the first {@code length} bytes with blocking calls, on the calling thread. */
  byte[] read(int length) throws IOException {
    try (var in = new FileInputStream(path.toFile())) {
      return in.readNBytes(length);
    }
  }

  void close() throws IOException {
    synchronized (PatternFile.class) {
      if (--users == 0) {
        shared = null;
        Files.deleteIfExists(path);
      }
    }
  }

  private static Path write() throws IOException {
    Path path = Files.createTempFile("baton-demo-", ".bin");
    // A process that is killed deletes nothing; one that exits without undeploying still does.
    path.toFile().deleteOnExit();
    try (var out = Files.newOutputStream(path)) {
      for (long position = 0; position < KIB * 1024L; position += BLOCK_BYTES) {
        out.write(Pattern.bytes(SEED, position, BLOCK_BYTES));
      }
    }
    return path;
  }
}
