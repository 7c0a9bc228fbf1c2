using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Backup.Foundation.Files;

namespace Backup.BackupHttpServer.Certificates;

/// <summary>
/// The server's own certificate authority: made at the first start, it signs the server's certificate and those of agents. Agents
/// trust exactly this CA, by the fingerprint in their enrolment token. The server's certificate is renewed by itself when a
/// third of its life is left or when the names change, and keeps its key; agents notice nothing.
/// </summary>
/// <remarks>
/// Files, mode 0600, each with certificate and key, so that the two never part: <c>ca.pem</c>, <c>server.pem</c>. Thread-safe.
/// </remarks>
public sealed class CertificateAuthority : IDisposable
{
    private static readonly TimeSpan AuthorityLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan ServerLife = TimeSpan.FromDays(365);
    private static readonly TimeSpan Backdate = TimeSpan.FromHours(24);

    private readonly Lock _lock = new();
    private readonly string _folder;
    private readonly IReadOnlyList<string> _names;
    private readonly TimeProvider _time;
    private X509Certificate2? _server;

    private CertificateAuthority(
        string folder,
        X509Certificate2 authority,
        IReadOnlyList<string> names,
        TimeProvider time
    )
    {
        _folder = folder;
        _names = names;
        _time = time;
        Certificate = authority;
        Fingerprint = SHA256.HashData(authority.RawData);
    }

    /// <summary>The CA's certificate; its private key stays inside.</summary>
    public X509Certificate2 Certificate { get; }

    /// <summary>SHA-256 of the CA certificate's DER.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; }

    /// <summary>Opens the CA in <paramref name="folder"/>, or makes it there.</summary>
    /// <param name="names">DNS names and addresses for the server's certificate, besides localhost and the host's own name.</param>
    /// <exception cref="Foundation.Errors.BackupException">8026 where a file is there but cannot be used.</exception>
    public static Task<CertificateAuthority> EnsureAsync(
        string folder,
        IReadOnlyList<string>? names = null,
        TimeProvider? time = null,
        CancellationToken cancellation = default
    ) =>
        Task.Run(
            () =>
            {
                var made = Ensure(folder, names ?? [], time ?? TimeProvider.System);
                _ = made.ServerCertificate();
                return made;
            },
            cancellation
        );

    /// <summary>The server's certificate with its key, renewed when it is due.</summary>
    public X509Certificate2 ServerCertificate()
    {
        lock (_lock)
        {
            if (_server is null || !IsFresh(_server))
            {
                using var held = FolderLock.Take(_folder);
                AdoptStored();
                if (_server is null || !IsFresh(_server))
                {
                    _server = Issue();
                }
            }

            return _server;
        }
    }

    /// <summary>Signs a certificate, valid from yesterday (clocks differ) for <paramref name="life"/>, and not longer than the CA.</summary>
    internal X509Certificate2 Sign(CertificateRequest request, TimeSpan life)
    {
        request.CertificateExtensions.Add(
            X509AuthorityKeyIdentifierExtension.CreateFromCertificate(Certificate, true, false)
        );
        var now = _time.GetUtcNow();
        var end = now + life;
        var authorityEnd = new DateTimeOffset(Certificate.NotAfter.ToUniversalTime(), TimeSpan.Zero);
        return request.Create(
            Certificate.SubjectName,
            X509SignatureGenerator.CreateForECDsa(Certificate.GetECDsaPrivateKey()!),
            Later(now - Backdate, new DateTimeOffset(Certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero)),
            end < authorityEnd ? end : authorityEnd,
            RandomNumberGenerator.GetBytes(16)
        );
    }

    public void Dispose()
    {
        _server?.Dispose();
        Certificate.Dispose();
    }

    private static CertificateAuthority Ensure(string folder, IReadOnlyList<string> names, TimeProvider time)
    {
        DurableFile.CreateFolder(folder);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        // Instances that start together on one folder make one CA: what another one is writing now is no leftover either.
        using var held = FolderLock.Take(folder);
        _ = DurableFile.RemoveLeftovers(folder);
        var path = Path.Combine(folder, "ca.pem");
        var authority = File.Exists(path) ? Load(path) : MakeAuthority(path, time);
        if (authority.NotAfter.ToUniversalTime() <= time.GetUtcNow().UtcDateTime)
        {
            throw BackupHttpServerErrors.BadCertificate(path, $"it expired at {authority.NotAfter:u}.");
        }

        var made = new CertificateAuthority(folder, authority, AllNames(names), time);
        made.AdoptStored();
        return made;
    }

    private void AdoptStored()
    {
        var path = Path.Combine(_folder, "server.pem");
        if (File.Exists(path))
        {
            Adopt(Load(path));
        }
    }

    private static X509Certificate2 MakeAuthority(string path, TimeProvider time)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Backup agents' CA", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true)
        );
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        var now = time.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now - Backdate, now + AuthorityLife);
        Store(path, certificate, key);
        return Load(path);
    }

    private X509Certificate2 Issue()
    {
        using var key = StoredKey() ?? ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Backup server", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, critical: true));
        request.CertificateExtensions.Add(
            new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true)
        );
        request.CertificateExtensions.Add(
            new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false)
        );
        request.CertificateExtensions.Add(SubjectNames());
        using var certificate = Sign(request, ServerLife);
        var path = Path.Combine(_folder, "server.pem");
        Store(path, certificate, key);
        return Load(path);
    }

    /// <summary>The key that the server had until now: whoever pinned it (as download links do) keeps trusting the renewed certificate.</summary>
    private ECDsa? StoredKey()
    {
        var path = Path.Combine(_folder, "server.pem");
        if (!File.Exists(path))
        {
            return null;
        }

        using var stored = Load(path);
        return stored.IssuerName.RawData.AsSpan().SequenceEqual(Certificate.SubjectName.RawData)
            ? stored.GetECDsaPrivateKey()
            : null;
    }

    private static DateTimeOffset Later(DateTimeOffset left, DateTimeOffset right) => left > right ? left : right;

    private X509Extension SubjectNames()
    {
        var builder = new SubjectAlternativeNameBuilder();
        foreach (var name in _names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                builder.AddIpAddress(address);
            }
            else
            {
                builder.AddDnsName(name);
            }
        }

        return builder.Build();
    }

    private void Adopt(X509Certificate2 server)
    {
        if (server.IssuerName.RawData.AsSpan().SequenceEqual(Certificate.SubjectName.RawData) && HasNames(server))
        {
            _server = server;
        }
        else
        {
            server.Dispose();
        }
    }

    private bool HasNames(X509Certificate2 server)
    {
        var extension = server.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return extension is not null && extension.RawData.AsSpan().SequenceEqual(SubjectNames().RawData);
    }

    private bool IsFresh(X509Certificate2 server) =>
        server.NotAfter >= Certificate.NotAfter
        || server.NotAfter.ToUniversalTime() - _time.GetUtcNow().UtcDateTime > ServerLife / 3;

    private static List<string> AllNames(IReadOnlyList<string> names) =>
        [
            .. new[] { "localhost", "127.0.0.1", "::1", Dns.GetHostName() }
                .Concat(names)
                .Distinct(StringComparer.OrdinalIgnoreCase),
        ];

    internal static void Store(string path, X509Certificate2 certificate, ECDsa key)
    {
        var content = Encoding.ASCII.GetBytes(
            $"{certificate.ExportCertificatePem()}\n{key.ExportPkcs8PrivateKeyPem()}\n"
        );
        DurableFile.WriteSecret(path, content);
        CryptographicOperations.ZeroMemory(content);
    }

    internal static X509Certificate2 Load(string path)
    {
        try
        {
            return X509Certificate2.CreateFromPemFile(path, path);
        }
        catch (Exception failure) when (failure is CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw BackupHttpServerErrors.BadCertificate(path, failure.Message, failure);
        }
    }
}
