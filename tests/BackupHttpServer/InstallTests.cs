using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text.Json;
using Backup.BackupHttpServer;
using Backup.Tests.Support;
using Shouldly;
using Xunit;

namespace Backup.Tests.BackupHttpServer;

/// <summary>The agent for hosts that have none, and the script that installs it: for everybody, and with nothing in them that one who asks could choose.</summary>
public sealed class InstallTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_script_names_this_server_its_key_and_the_sum_of_the_program()
    {
        var bytes = RandomNumberGenerator.GetBytes(100_000);
        await File.WriteAllBytesAsync(_folder.File("agent"), bytes);
        await using var fixture = await ServerFixture.StartAsync(Offering(_folder.File("agent")), begins: false);
        using var client = fixture.Client(certificate: null);
        var script = await client.GetStringAsync("/install/agent.sh");
        script.ShouldStartWith("#!/bin/sh\n");
        script.ShouldContain($"server='https://localhost:{fixture.Server.EndPoint.Port}'\n");
        script.ShouldContain($"pin='{fixture.Server.PublicKeyPin}'\n");
        script.ShouldContain($"sha256='{Convert.ToHexStringLower(SHA256.HashData(bytes))}'\n");
        script.ShouldContain("[Service]\n");
        script.ShouldNotContain("@SERVER@");
        (await client.GetByteArrayAsync("/install/backup-agent")).ShouldBe(bytes);
    }

    [Theory]
    [InlineData("x'; rm -rf /; '")]
    [InlineData("$(reboot)")]
    [InlineData("a`b`")]
    [InlineData("host:80:80")]
    [InlineData("host/path")]
    public async Task Who_asks_writes_nothing_of_their_own_into_the_script(string host)
    {
        await File.WriteAllTextAsync(_folder.File("agent"), "program");
        await using var fixture = await ServerFixture.StartAsync(Offering(_folder.File("agent")), begins: false);
        using var client = fixture.Client(certificate: null);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/install/agent.sh");
        request.Headers.TryAddWithoutValidation("Host", host);
        using var answer = await client.SendAsync(request);
        ((int)answer.StatusCode).ShouldBeInRange(400, 499);
        (await answer.Content.ReadAsStringAsync()).ShouldNotContain("#!/bin/sh");
    }

    [Fact]
    public async Task Where_there_is_no_program_it_says_so()
    {
        await using var fixture = await ServerFixture.StartAsync(Offering(_folder.File("none")), begins: false);
        using var client = fixture.Client(certificate: null);
        foreach (var path in new[] { "/install/agent.sh", "/install/backup-agent" })
        {
            using var answer = await client.GetAsync(path);
            answer.StatusCode.ShouldBe(HttpStatusCode.NotFound);
            (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString().ShouldBe("BK8071");
        }
    }

    private static Func<BackupHttpServerOptions, BackupHttpServerOptions> Offering(string path) =>
        options => options with { AgentProgram = path };
}
