package dev.baton.server;

import io.netty.pkitesting.CertificateBuilder;
import io.netty.pkitesting.X509Bundle;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.net.PemKeyCertOptions;

/** A certificate of localhost that nobody vouches for. */
public final class SelfSigned {
  /** The certificate and its key. */
  public static final X509Bundle BUNDLE = bundle();

  /** The same, for servers of Vert.x. */
  public static final PemKeyCertOptions CERTIFICATE =
      new PemKeyCertOptions()
          .setCertValue(Buffer.buffer(BUNDLE.getCertificatePathPEM()))
          .setKeyValue(Buffer.buffer(BUNDLE.getPrivateKeyPEM()));

  private SelfSigned() {}

  private static X509Bundle bundle() {
    try {
      return new CertificateBuilder()
          .subject("CN=localhost")
          .setIsCertificateAuthority(true)
          .buildSelfSigned();
    } catch (Exception impossible) {
      throw new AssertionError("cannot make a certificate", impossible);
    }
  }
}
