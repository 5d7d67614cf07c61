import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.net.Proxy;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.HttpsURLConnection;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/**
 * HttpsURLConnection as a client under test, one connection per JSON line on standard input. Java 11 or later.
 *
 * <p>Every request has an SSLContext of its own, from the request's CA and with the JVM's default protocols and
 * cipher suites: nothing is pooled, no session resumed, and the defaults are what is judged.
 */
public class HttpsWorker {
    private static final int TIMEOUT = 10_000; // milliseconds, per connect and per read

    public static void main(String[] arguments) throws Exception {
        System.setProperty("http.keepAlive", "false"); // read once, when the HTTP classes are loaded

        PrintStream out = new PrintStream(System.out, true, "UTF-8");
        out.println("{\"ready\":true,\"version\":" + quote(System.getProperty("java.version")) + "}");
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            if (!line.isBlank()) {
                out.println(answer(line));
            }
        }
    }

    /** The result for one line. A bad server, or a bad line, must never end the worker. */
    private static String answer(String line) {
        String start = "{\"case\":" + quote(text(line, "case")) + ",\"connected\":";
        try {
            connect(text(line, "url"), text(line, "ca_pem"));
            return start + "true}";
        } catch (Throwable error) {
            String reason = error.getClass().getSimpleName() + ": " + error.getMessage();
            reason = reason.replaceAll("\\s+", " ");
            return start + "false,\"error\":" + quote(reason.substring(0, Math.min(300, reason.length()))) + "}";
        }
    }

    /**
     * One request, its answer read to the end. It is a streamed POST of nothing: any other request whose connection
     * breaks between handshake and answer is silently sent again on a second connection, and only POST has a
     * setting against that. A failed handshake is not tried again.
     */
    private static void connect(String url, String caPem) throws Exception {
        HttpsURLConnection connection = (HttpsURLConnection) URI.create(url).toURL().openConnection(Proxy.NO_PROXY);
        try {
            connection.setSSLSocketFactory(trusting(caPem).getSocketFactory());
            connection.setConnectTimeout(TIMEOUT);
            connection.setReadTimeout(TIMEOUT);
            connection.setInstanceFollowRedirects(false);
            connection.setRequestProperty("Connection", "close");
            connection.setRequestMethod("POST");
            connection.setDoOutput(true);
            connection.setFixedLengthStreamingMode(0);
            connection.getOutputStream().close();
            int status = connection.getResponseCode();
            InputStream body = status < 400 ? connection.getInputStream() : connection.getErrorStream();
            if (body != null) {
                body.readAllBytes();
            }
        } finally {
            connection.disconnect();
        }
    }

    private static SSLContext trusting(String caPem) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream file = new FileInputStream(caPem)) {
            int number = 0;
            for (Certificate ca : CertificateFactory.getInstance("X.509").generateCertificates(file)) {
                store.setCertificateEntry("ca" + number++, ca);
            }
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }

    /** The string value of a key. The JDK has no JSON parser; a pattern is enough for these flat lines. */
    private static String text(String json, String key) {
        Matcher match = Pattern.compile("\"" + key + "\"\\s*:\\s*\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(json);
        if (!match.find()) {
            return null;
        }
        StringBuilder value = new StringBuilder();
        String raw = match.group(1);
        for (int at = 0; at < raw.length(); at++) {
            char next = raw.charAt(at);
            if (next == '\\') {
                next = raw.charAt(++at);
                if (next == 'u') {
                    next = (char) Integer.parseInt(raw.substring(at + 1, at + 5), 16);
                    at += 4;
                } else if ("bfnrt".indexOf(next) >= 0) {
                    next = "\b\f\n\r\t".charAt("bfnrt".indexOf(next));
                }
            }
            value.append(next);
        }
        return value.toString();
    }

    private static String quote(String value) {
        if (value == null) {
            return "null";
        }
        StringBuilder quoted = new StringBuilder("\"");
        for (char next : value.toCharArray()) {
            if (next == '"' || next == '\\') {
                quoted.append('\\').append(next);
            } else if (next < 0x20) {
                quoted.append(String.format("\\u%04x", (int) next));
            } else {
                quoted.append(next);
            }
        }
        return quoted.append('"').toString();
    }
}
