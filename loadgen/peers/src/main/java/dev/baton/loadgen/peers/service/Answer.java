package dev.baton.loadgen.peers.service;

import java.nio.charset.StandardCharsets;

/**
 * What to send back.
 *
 * @param status the HTTP status
 * @param contentType the value of the content-type header
 * @param body the bytes; not to be changed
 */
@SuppressWarnings("ArrayRecordComponent") // never compared
public record Answer(int status, String contentType, byte[] body) {
  static Answer text(int status, String text) {
    return new Answer(status, "text/plain", text.getBytes(StandardCharsets.UTF_8));
  }

  static Answer json(byte[] body) {
    return new Answer(200, "application/json", body);
  }
}
