using Backup.Sandbox;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>A source that speaks TLS alone and knows the agent by its certificate.</summary>
public sealed class TlsSourceTests : IDisposable
{
    private readonly TestCertificates _certificates = new();

    public void Dispose() => _certificates.Dispose();

    [Fact]
    public async Task ACertificateIsEnoughToBackUpASourceThatSpeaksTlsAlone()
    {
        await using var source = await StartAsync();
        await source.RunAsync(
            "shop",
            """{"insert": "orders", "documents": [{"_id": 1, "n": 1}, {"_id": 2, "n": 2}]}"""
        );
        var certificate = _certificates.ClientFile("CN=agent, OU=backup, O=shop");
        await using var appliance = new ApplianceProcess(
            $"mongodb://{source.Sandbox.EndPoint}/?replicaSet=rs0&tls=true&authMechanism=MONGODB-X509"
                + $"&tlsCAFile={_certificates.AuthorityFile}&tlsCertificateKeyFile={certificate}"
        );
        appliance.Up();
        await appliance.WaitForStateAsync("tailing");

        await source.RunAsync("shop", """{"insert": "orders", "documents": [{"_id": 3, "n": 3}]}""");
        await RestoreCheck.SnapshotEqualsSourceAsync(appliance, source);
        (await appliance.StopAsync()).ShouldBe(0);
    }

    [Theory]
    [InlineData(
        "tls=true&authMechanism=MONGODB-X509&tlsCAFile={ca}&tlsCertificateKeyFile={stranger}",
        "BK2120",
        "a user of $external"
    )]
    [InlineData("tls=true&authMechanism=MONGODB-X509&tlsCAFile={ca}", "BK2120", "tlsCertificateKeyFile")]
    [InlineData("tls=true&authMechanism=MONGODB-X509&tlsCertificateKeyFile={agent}", "BK2112", "tlsCAFile")]
    [InlineData("authMechanism=MONGODB-X509", "BK2130", "")]
    public async Task WhatIsMissingIsSaidByNumber(string options, string code, string hint)
    {
        await using var source = await StartAsync();
        var given = options
            .Replace("{ca}", _certificates.AuthorityFile, StringComparison.Ordinal)
            .Replace("{stranger}", _certificates.ClientFile("CN=stranger, O=shop"), StringComparison.Ordinal)
            .Replace("{agent}", _certificates.ClientFile("CN=agent, OU=backup, O=shop"), StringComparison.Ordinal);
        await using var appliance = new ApplianceProcess(
            $"mongodb://{source.Sandbox.EndPoint}/?replicaSet=rs0&serverSelectionTimeoutMS=3000&{given}"
        );
        appliance.Up();
        await appliance.WaitForOutputAsync($"error {code}: ");
        appliance.Output.ShouldContain(hint);
        (await appliance.StopAsync()).ShouldBe(0);
    }

    private Task<TestSource> StartAsync() =>
        TestSource.SandboxAsync(
            new SandboxOptions
            {
                ReplicaSetName = "rs0",
                Tls = _certificates.Server(),
                Users =
                [
                    new SandboxUser("CN=agent,OU=backup,O=shop", "", "backup", "clusterMonitor")
                    {
                        HasCertificate = true,
                    },
                    new SandboxUser("root", "secret", "root"),
                ],
            },
            uri =>
                uri.Replace("mongodb://", "mongodb://root:secret@", StringComparison.Ordinal)
                + $"&tls=true&tlsCAFile={_certificates.AuthorityFile}"
        );
}
