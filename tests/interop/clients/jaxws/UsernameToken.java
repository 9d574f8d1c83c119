import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Base64;
import java.util.Set;
import javax.xml.namespace.QName;
import javax.xml.soap.SOAPElement;
import javax.xml.soap.SOAPHeaderElement;
import javax.xml.soap.SOAPMessage;
import javax.xml.ws.handler.MessageContext;
import javax.xml.ws.handler.soap.SOAPHandler;
import javax.xml.ws.handler.soap.SOAPMessageContext;

/** Adds a WS-Security UsernameToken to each request: JAX-WS alone has none. */
class UsernameToken implements SOAPHandler<SOAPMessageContext> {
    static final String OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss";
    static final String WSSE = OASIS + "-wssecurity-secext-1.0.xsd";
    static final String WSU = OASIS + "-wssecurity-utility-1.0.xsd";
    static final String PROFILE = OASIS + "-username-token-profile-1.0#";
    static final String BASE64 = OASIS + "-soap-message-security-1.0#Base64Binary";

    final String name, secret;
    final boolean digest;

    UsernameToken(String name, String secret, boolean digest) {
        this.name = name;
        this.secret = secret;
        this.digest = digest;
    }

    @Override
    public boolean handleMessage(SOAPMessageContext context) {
        if ((Boolean) context.get(MessageContext.MESSAGE_OUTBOUND_PROPERTY)) {
            try {
                addToken(context.getMessage());
            } catch (Exception error) {
                throw new RuntimeException(error);
            }
        }
        return true;
    }

    void addToken(SOAPMessage message) throws Exception {
        var envelope = message.getSOAPPart().getEnvelope();
        var header = envelope.getHeader() == null ? envelope.addHeader() : envelope.getHeader();
        SOAPHeaderElement security = header.addHeaderElement(new QName(WSSE, "Security", "wsse"));
        security.setMustUnderstand(true);
        SOAPElement token = security.addChildElement("UsernameToken", "wsse");
        token.addChildElement("Username", "wsse").addTextNode(name);
        SOAPElement password = token.addChildElement("Password", "wsse");
        if (!digest) {
            password.addTextNode(secret).setAttribute("Type", PROFILE + "PasswordText");
            return;
        }
        byte[] nonce = new byte[16];
        new SecureRandom().nextBytes(nonce);
        String created = Instant.now().truncatedTo(ChronoUnit.MILLIS).toString();
        password.addTextNode(digestOf(nonce, created)).setAttribute("Type", PROFILE + "PasswordDigest");
        token.addChildElement("Nonce", "wsse").addTextNode(Base64.getEncoder().encodeToString(nonce))
            .setAttribute("EncodingType", BASE64);
        token.addChildElement("Created", "wsu", WSU).addTextNode(created);
    }

    String digestOf(byte[] nonce, String created) throws Exception {
        MessageDigest sha1 = MessageDigest.getInstance("SHA-1");
        sha1.update(nonce);
        sha1.update(created.getBytes(StandardCharsets.UTF_8));
        return Base64.getEncoder().encodeToString(sha1.digest(secret.getBytes(StandardCharsets.UTF_8)));
    }

    @Override
    public boolean handleFault(SOAPMessageContext context) {
        return true;
    }

    @Override
    public void close(MessageContext context) {}

    @Override
    public Set<QName> getHeaders() {
        return Set.of();
    }
}
