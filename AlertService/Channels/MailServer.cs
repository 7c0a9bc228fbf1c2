using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Backup.Foundation.Secrets;
using Backup.Metadata;

namespace Backup.AlertService.Channels;

/// <summary>The server that mails are handed to.</summary>
/// <param name="Host">Name or address.</param>
/// <param name="Port">1 to 65535; 587 where mails are handed in by those who log in.</param>
/// <param name="Tls">Whether the connection has to be encrypted (STARTTLS); a server that cannot is refused then.</param>
/// <param name="From">The sender's address.</param>
/// <param name="User">Who logs in; null: nobody does.</param>
/// <param name="Authority">Certificates (PEM) that vouch for the server's; null: those that the system trusts.</param>
public sealed record MailServer(string Host, int Port, bool Tls, string From, string? User, string? Authority);

/// <summary>Where the settings of the mail server are kept: the password sealed.</summary>
public sealed class MailSettings(ISettings settings, Func<SecretBox> secrets)
{
    private const string Setting = "mail";
    private const string Secret = "mail.secret";
    private const string Purpose = "mail server";

    public async Task<MailServer?> FindAsync(CancellationToken cancellation = default) =>
        await settings.FindAsync(Setting, cancellation) is { Length: > 0 } stored
            ? JsonSerializer.Deserialize(stored, ChannelJson.Default.MailServer)
            : null;

    /// <param name="server">Checked before it is stored.</param>
    /// <param name="password">Null: the one that is stored stays, where the host and the user do.</param>
    /// <param name="cancellation">Nothing was changed then.</param>
    /// <exception cref="Foundation.Errors.BackupException">8841 where something of it cannot be used.</exception>
    public async Task SetAsync(MailServer server, string? password, CancellationToken cancellation = default)
    {
        Check(server);
        var before = await FindAsync(cancellation);
        // A password is for the server that it was given for: nobody gets it by naming another one.
        var isKept = password is null && before is not null && before.Host == server.Host && before.User == server.User;
        if (server.User is not null && password is null && !isKept)
        {
            throw AlertServiceErrors.Setting(
                "password",
                "it is missing",
                "Give the password of that user on that server."
            );
        }

        if (!isKept)
        {
            var box =
                server.User is null || password is null
                    ? ""
                    : Convert.ToBase64String(secrets().Seal(Encoding.UTF8.GetBytes(password), Purpose));
            await settings.SetAsync(Secret, box, cancellation);
        }

        await settings.SetAsync(
            Setting,
            JsonSerializer.Serialize(server, ChannelJson.Default.MailServer),
            cancellation
        );
    }

    internal async Task<string?> PasswordAsync(CancellationToken cancellation) =>
        await settings.FindAsync(Secret, cancellation) is { Length: > 0 } box
            ? Encoding.UTF8.GetString(secrets().Open(Convert.FromBase64String(box), Purpose))
            : null;

    private static void Check(MailServer server)
    {
        if (server.Host.Length is 0 or > 253 || Uri.CheckHostName(server.Host) == UriHostNameType.Unknown)
        {
            throw AlertServiceErrors.Setting(
                "host",
                $"'{server.Host}' is no name of a host",
                "Give its name or its address."
            );
        }

        if (server.Port is < 1 or > ushort.MaxValue or 465)
        {
            throw AlertServiceErrors.Setting(
                "port",
                $"{server.Port} cannot be used",
                "Give 1 to 65535, 587 as a rule. On 465 TLS begins without a word before, which is not supported: servers that offer it take 587 too."
            );
        }

        _ = ChannelSettings.AddressOf(server.From, "from");
        if (!server.Tls && server.User is not null && server.Host is not ("localhost" or "127.0.0.1" or "::1"))
        {
            throw AlertServiceErrors.Setting(
                "tls",
                "a password would be sent in clear",
                "Use TLS, or a server that wants no login."
            );
        }

        if (server.Authority is { } pem && Certificates(pem).Count == 0)
        {
            throw AlertServiceErrors.Setting(
                "authority",
                "it holds no certificate",
                "Give certificates as PEM, or none for those that the system trusts."
            );
        }
    }

    internal static X509Certificate2Collection Certificates(string pem)
    {
        var found = new X509Certificate2Collection();
        try
        {
            found.ImportFromPem(pem);
        }
        catch (System.Security.Cryptography.CryptographicException)
        {
            found.Clear();
        }

        return found;
    }
}
