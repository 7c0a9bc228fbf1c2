using System.Net;
using System.Net.Mail;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Backup.AlertService.Notices;
using Backup.Metadata.Alerting;

namespace Backup.AlertService.Channels;

/// <summary>Sends mails, as text and as HTML, one to all addresses of a channel.</summary>
internal sealed class MailSender(MailSettings settings)
{
    private const string Html = "text/html";
    private const int LongestSubject = 180;

    public async Task SendAsync(ChannelRecord channel, Message message, CancellationToken cancellation)
    {
        var server = await settings.FindAsync(cancellation) ?? throw AlertServiceErrors.MailServerMissing();
        using var client = new SmtpClient(server.Host, server.Port) { EnableSsl = server.Tls };
        if (server.User is { } user)
        {
            client.Credentials = new NetworkCredential(user, await settings.PasswordAsync(cancellation));
        }

        using var trust = server is { Tls: true, Authority: { } pem } ? MailTrust.In(server.Host, pem) : null;
        using var mail = MailOf(server, ChannelSettings.MailOf(channel), message);
        try
        {
            await client.SendMailAsync(mail, cancellation);
        }
        catch (SmtpException failure)
        {
            throw AlertServiceErrors.MailRefused($"{server.Host}:{server.Port}", Cause(failure), failure);
        }
    }

    private static MailMessage MailOf(MailServer server, MailChannel channel, Message message)
    {
        var mail = new MailMessage
        {
            From = new MailAddress(server.From, "Backup"),
            Subject = $"[Backup] {OneLine(NoticeText.Title(message))}",
            SubjectEncoding = Encoding.UTF8,
            BodyEncoding = Encoding.UTF8,
            Body = MailText.Plain(message),
        };
        foreach (var address in channel.To)
        {
            mail.To.Add(address);
        }

        mail.AlternateViews.Add(
            AlternateView.CreateAlternateViewFromString(MailText.Html(message), Encoding.UTF8, Html)
        );
        // Who gets it twice, since this side died before it knew of the first time, is shown it once.
        mail.Headers.Add("Message-ID", $"<{message.Id}@{mail.From.Host}>");
        // Nobody who is away answers.
        mail.Headers.Add("Auto-Submitted", "auto-generated");
        if (message.Alerts is [var only])
        {
            mail.Headers.Add("References", $"<alert-{only.Alert.Id}@{mail.From.Host}>");
        }

        return mail;
    }

    private static string OneLine(string text)
    {
        var line = string.Concat(text.Select(static one => char.IsControl(one) ? ' ' : one));
        return line.Length > LongestSubject ? $"{line.AsSpan(0, LongestSubject)}…" : line;
    }

    private static string Cause(Exception failure)
    {
        var texts = new List<string>();
        for (var one = failure; one is not null; one = one.InnerException)
        {
            texts.Add(one.Message.TrimEnd('.'));
        }

        return string.Join(": ", texts.Distinct()) + ".";
    }
}

/// <summary>
/// The framework's mail client takes its trust from a place of the whole process: here it is told which certificates vouch for which host. Whatever is not named here is
/// trusted as the system does.
/// </summary>
internal sealed class MailTrust : IDisposable
{
    private static readonly Lock Gate = new();
    private static readonly List<MailTrust> Held = [];

    private readonly string _host;
    private readonly X509Certificate2Collection _authorities;

    static MailTrust()
    {
#pragma warning disable SYSLIB0014, MA0039 // The only way to the mail client's trust; names and chains are checked, against the authorities that were given.
        ServicePointManager.ServerCertificateValidationCallback = static (sender, certificate, chain, errors) =>
            errors == SslPolicyErrors.None || IsVouched(sender, certificate, chain, errors);
#pragma warning restore SYSLIB0014, MA0039
    }

    private MailTrust(string host, X509Certificate2Collection authorities) =>
        (_host, _authorities) = (host, authorities);

    public static MailTrust In(string host, string pem)
    {
        var trust = new MailTrust(host, MailSettings.Certificates(pem));
        lock (Gate)
        {
            Held.Add(trust);
        }

        return trust;
    }

    public void Dispose()
    {
        lock (Gate)
        {
            Held.Remove(this);
        }
    }

    /// <summary>The name has to be right all the same.</summary>
    private static bool IsVouched(object sender, X509Certificate? certificate, X509Chain? chain, SslPolicyErrors errors)
    {
        if (
            errors != SslPolicyErrors.RemoteCertificateChainErrors
            || certificate is null
            || sender is not SslStream stream
        )
        {
            return false;
        }

        X509Certificate2Collection? authorities;
        lock (Gate)
        {
            authorities = Held.Find(one => one._host == stream.TargetHostName)?._authorities;
        }

        if (authorities is null)
        {
            return false;
        }

        using var again = new X509Chain();
        again.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        again.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        again.ChainPolicy.CustomTrustStore.AddRange(authorities);
        foreach (var one in chain?.ChainElements ?? Enumerable.Empty<X509ChainElement>())
        {
            again.ChainPolicy.ExtraStore.Add(one.Certificate);
        }

        using var copy = new X509Certificate2(certificate);
        return again.Build(copy);
    }
}
