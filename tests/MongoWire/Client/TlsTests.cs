using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.Foundation.Errors;
using Backup.MongoWire.Bson;
using Backup.MongoWire.Client;
using Backup.MongoWire.Uri;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.MongoWire.Client;

public class TlsTests
{
    private static readonly BsonDocument Ping = BsonDocument.Build(ping => ping.Int32("ping"u8, 1));

    [Theory]
    [InlineData("127.0.0.1", "CA", true)]
    [InlineData("127.0.0.1", "", false)]
    [InlineData("127.0.0.1", "tlsInsecure=true", true)]
    [InlineData("other.example", "CA", false)]
    [InlineData("other.example", "CA&tlsAllowInvalidHostnames=true", true)]
    public async Task The_certificate_is_trusted_only_as_it_should_be(string madeOutFor, string options, bool trusted)
    {
        using var folder = new TemporaryFolder();
        using var certificate = SelfSigned(madeOutFor);
        File.WriteAllText(folder.File("ca.pem"), certificate.ExportCertificatePem());
        await using var member = new FakeMember(new SslServerAuthenticationOptions { ServerCertificate = certificate });
        var extra = options.Replace("CA", $"tlsCAFile={folder.File("ca.pem")}", StringComparison.Ordinal);
        await using var client = new MongoClient(
            ConnectionString.Parse($"mongodb://{member.Name}/?replicaSet=rs0&tls=true&{extra}"),
            new MongoClientOptions { ServerSelectionTimeout = TimeSpan.FromSeconds(trusted ? 10 : 1) }
        );
        if (trusted)
        {
            using var reply = await client.RunCommandAsync("admin", Ping, ReadTarget.Primary, CancellationToken.None);
            return;
        }

        var refusal = await Should.ThrowAsync<BackupException>(() =>
            client.RunCommandAsync("admin", Ping, ReadTarget.Primary, CancellationToken.None)
        );
        refusal.Message.ShouldContain("TLS with");
    }

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = RSA.Create(2048);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        if (System.Net.IPAddress.TryParse(name, out var address))
        {
            names.AddIpAddress(address);
        }
        else
        {
            names.AddDnsName(name);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }
}
