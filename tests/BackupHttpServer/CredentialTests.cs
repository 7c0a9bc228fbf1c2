using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Backup.BackupHttpServer;
using Backup.Foundation.Contracts;
using Backup.Metadata;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>Keys are replaced and revoked one by one; certificates are judged with a number each.</summary>
public sealed class CredentialTests
{
    [Fact]
    public async Task ARevokedKeyIsRefusedAtOnceAndAnotherOneOfTheGroupGoesOn()
    {
        await using var all = await ServerFixture.StartAsync();
        var other = await all.EnrolAsync("default");
        (await all.StatusAsync(all.Agent.ApiKey)).ShouldBe(HttpStatusCode.OK);
        await all.Metadata.Credentials.RevokeKeyAsync((await all.KeyAsync(all.Agent.ApiKey)).Id);
        await all.RefusedAsync(all.Agent.ApiKey, HttpStatusCode.Forbidden, BackupHttpServerErrors.KeyRevoked);
        (await all.StatusAsync(other.ApiKey)).ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task TheOldKeyIsGoodUntilTheNewOneIsConfirmedAndNoLonger()
    {
        await using var all = await ServerFixture.StartAsync();
        var old = all.Agent.ApiKey;
        var lost = await NextAsync(all, old);
        var next = await NextAsync(all, old);
        (await all.StatusAsync(old)).ShouldBe(HttpStatusCode.OK);
        await all.RefusedAsync(lost, HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyUnknown);
        await all.RefusedAsync(next, HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyPending);

        for (var times = 0; times < 2; times++)
        {
            (await all.StatusAsync(next, AgentRoutes.KeyConfirmation, HttpMethod.Post)).ShouldBe(
                HttpStatusCode.NoContent
            );
            (await all.StatusAsync(next)).ShouldBe(HttpStatusCode.OK);
            await all.RefusedAsync(old, HttpStatusCode.Unauthorized, BackupHttpServerErrors.KeyReplaced);
        }

        var stored = await all.Metadata.Credentials.KeysAsync();
        stored.Select(key => key.State).ShouldBe([ApiKeyState.Replaced, ApiKeyState.Valid]);
        stored.ShouldAllBe(key => key.Hash.Length == SHA256.HashSizeInBytes);
    }

    [Fact]
    public async Task AnAgentIsAskedToReplaceItsKeyWhenAnOperatorWantsItOrTheKeyIsOld()
    {
        await using (var all = await ServerFixture.StartAsync())
        {
            (await IsAskedAsync(all)).ShouldBeFalse();
            await all.Metadata.Credentials.RequestRotationAsync((await all.KeyAsync(all.Agent.ApiKey)).Id);
            (await IsAskedAsync(all)).ShouldBeTrue();
        }

        await using var impatient = await ServerFixture.StartAsync(options =>
            options with
            {
                ApiKeyMaxAge = TimeSpan.FromMilliseconds(1),
            }
        );
        await Task.Delay(10);
        (await IsAskedAsync(impatient)).ShouldBeTrue();
    }

    [Fact]
    public async Task TheLastUseOfAKeyIsKnownOnceTheServerHasStopped()
    {
        await using var all = await ServerFixture.StartAsync();
        (await all.KeyAsync(all.Agent.ApiKey)).LastUsedAt.ShouldBeNull("not yet written");
        await all.Server.StopAsync();
        await all.Server.DisposeAsync();
        var used = (await all.KeyAsync(all.Agent.ApiKey)).LastUsedAt.ShouldNotBeNull();
        (TimeProvider.System.GetUtcNow() - used).ShouldBeLessThan(TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task AnEnrolmentWithALongBodyIsRefusedToStrangers()
    {
        await using var all = await ServerFixture.StartAsync();
        var request = all.Post(AgentRoutes.Enrol);
        request.Content = new ByteArrayContent(new byte[AgentProtocol.MaxStrangersJsonLength + 1]);
        using var answer = await all.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.RequestEntityTooLarge);
    }

    [Fact]
    public async Task ACertificateIsIssuedToAnAgentAndIsGoodWithItsOwnKeyOnly()
    {
        await using var all = await ServerFixture.StartAsync(Requiring, begins: false);
        await all.RefusedAsync(all.Agent.ApiKey, HttpStatusCode.Forbidden, BackupHttpServerErrors.CertificateMissing);
        var (agent, certificate) = await EnrolAsync(all);
        certificate.Subject.ShouldBe($"CN={agent.AgentId}");
        using var http = all.Client(certificate);
        for (var times = 0; times < 3; times++)
        {
            (await all.StatusAsync(agent.ApiKey, http: http)).ShouldBe(HttpStatusCode.OK);
        }

        using (var again = all.Client(certificate))
        {
            (await all.StatusAsync(agent.ApiKey, http: again)).ShouldBe(HttpStatusCode.OK, "a session taken up again");
        }

        await all.RefusedAsync(
            all.Agent.ApiKey,
            HttpStatusCode.Forbidden,
            BackupHttpServerErrors.CertificateOtherAgents,
            http
        );
        await all.Metadata.Credentials.RevokeCertificateAsync(SHA256.HashData(certificate.RawData));
        await all.RefusedAsync(agent.ApiKey, HttpStatusCode.Forbidden, BackupHttpServerErrors.CertificateRevoked, http);
    }

    [Fact]
    public async Task ACertificateOfAnotherAuthorityIsForeignWhateverItSays()
    {
        await using var all = await ServerFixture.StartAsync();
        await using var elsewhere = await ServerFixture.StartAsync();
        var (_, foreign) = await EnrolAsync(elsewhere);
        using var theirs = all.Client(foreign);
        await all.RefusedAsync(
            all.Agent.ApiKey,
            HttpStatusCode.Forbidden,
            BackupHttpServerErrors.CertificateForeign,
            theirs
        );

        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={all.Agent.AgentId}", key, HashAlgorithmName.SHA256);
        var now = TimeProvider.System.GetUtcNow();
        using var own = all.Client(request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1)));
        await all.RefusedAsync(
            all.Agent.ApiKey,
            HttpStatusCode.Forbidden,
            BackupHttpServerErrors.CertificateForeign,
            own
        );
    }

    [Fact]
    public async Task AnExpiredCertificateIsSaidToBe()
    {
        // Backdated by a day, so that this one has ended an hour ago.
        await using var all = await ServerFixture.StartAsync(options =>
            options with
            {
                ClientCertificateLife = TimeSpan.FromHours(-1),
            }
        );
        var (agent, certificate) = await EnrolAsync(all);
        using var http = all.Client(certificate);
        await all.RefusedAsync(agent.ApiKey, HttpStatusCode.Forbidden, BackupHttpServerErrors.CertificateExpired, http);
    }

    [Fact]
    public async Task ARunningAgentGetsACertificateUnlessTheyAreSwitchedOff()
    {
        await using (var all = await ServerFixture.StartAsync())
        {
            using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
            using var answer = await all.SendAsync(
                all.Post(AgentRoutes.Certificate, Order(key), AgentJson.Default.CertificateOrder)
            );
            var issued = (await answer.Content.ReadFromJsonAsync(AgentJson.Default.CertificateAnswer))!;
            using var http = all.Client(Pair(issued.Certificate, key));
            (await all.StatusAsync(all.Agent.ApiKey, http: http)).ShouldBe(HttpStatusCode.OK);

            foreach (var wrong in new[] { "", "AAAA", "§", new string('A', 5000) })
            {
                using var refused = await all.SendAsync(
                    all.Post(AgentRoutes.Certificate, new(wrong), AgentJson.Default.CertificateOrder)
                );
                await ServerFixture.RefusedAsync(
                    refused,
                    HttpStatusCode.BadRequest,
                    BackupHttpServerErrors.CertificateRequestWrong
                );
            }
        }

        await using var without = await ServerFixture.StartAsync(options =>
            options with
            {
                ClientCertificates = ClientCertificatePolicy.Off,
            }
        );
        using var other = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var off = await without.SendAsync(
            without.Post(AgentRoutes.Certificate, Order(other), AgentJson.Default.CertificateOrder)
        );
        await ServerFixture.RefusedAsync(off, HttpStatusCode.NotFound, BackupHttpServerErrors.CertificatesOff);
    }

    private static BackupHttpServerOptions Requiring(BackupHttpServerOptions options) =>
        options with
        {
            ClientCertificates = ClientCertificatePolicy.Required,
        };

    private static CertificateOrder Order(ECDsa key)
    {
        var request = new CertificateRequest("CN=whoever", key, HashAlgorithmName.SHA256);
        return new CertificateOrder(Convert.ToBase64String(request.CreateSigningRequest()));
    }

    private static X509Certificate2 Pair(string certificate, ECDsa key)
    {
        using var issued = X509CertificateLoader.LoadCertificate(Convert.FromBase64String(certificate));
        return issued.CopyWithPrivateKey(key);
    }

    private static async Task<(EnrolAnswer Agent, X509Certificate2 Certificate)> EnrolAsync(ServerFixture all)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var answer = await all.SendEnrolAsync(await all.TokenAsync("default"), Order(key).CertificateRequest);
        var agent = (await answer.Content.ReadFromJsonAsync(AgentJson.Default.EnrolAnswer))!;
        return (agent, Pair(agent.Certificate!, key));
    }

    private static async Task<string> NextAsync(ServerFixture all, string key)
    {
        var request = all.Post(AgentRoutes.Key);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        using var answer = await all.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return (await answer.Content.ReadFromJsonAsync(AgentJson.Default.KeyAnswer))!.ApiKey;
    }

    private static async Task<bool> IsAskedAsync(ServerFixture all)
    {
        using var answer = await all.SendAsync(all.Get(AgentRoutes.Configuration));
        return answer.EnsureSuccessStatusCode().Headers.Contains(AgentHeaders.KeyRotation);
    }
}
