using System.Text.Json;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Keys and certificates of a running agent, by the commands.</summary>
public sealed class CredentialTests
{
    [Fact]
    public async Task AKeyIsReplacedByCommandAndARevokedOneIsSaidToBeByTheAgent()
    {
        await using var source = await TestSource.SandboxAsync();
        await using var appliance = new ApplianceProcess(source.Uri);
        appliance.Variables["BACKUP_AGENT_CERTIFICATES"] = "required";
        appliance.Up("--verbose");
        await appliance.WaitForStateAsync("tailing");

        var first = (await KeysAsync(appliance)).ShouldHaveSingleItem();
        Text(first, "state").ShouldBe("valid");
        (await appliance.RunAsync("keys", "rotate", Text(first, "id"))).Succeeded();
        var next = await UntilAsync(
            appliance,
            keys => keys.Find(key => Text(key, "state") == "valid" && Text(key, "id") != Text(first, "id"))
        );
        Text((await KeysAsync(appliance))[0], "state").ShouldBe("replaced");
        await UntilAsync(appliance, keys => keys.Find(key => key.TryGetProperty("lastUsedAt", out _)));

        var certificate = (await appliance.RunAsync("certificates", "list")).Succeeded().Json.EnumerateArray().Single();
        Text(certificate, "state").ShouldBe("valid");
        Text(certificate, "agentId").ShouldBe(Text(next, "agentId"));

        Text((await appliance.RunAsync("keys", "revoke", Text(next, "id"))).Succeeded().Json, "state")
            .ShouldBe("revoked");
        for (var tries = 0; !appliance.Output.Contains("BK8031", StringComparison.Ordinal); tries++)
        {
            tries.ShouldBeLessThan(100, "the agent does not say that its key was revoked");
            await Task.Delay(100);
        }

        var unknown = await appliance.RunAsync("keys", "revoke", "nothing");
        (unknown.ExitCode, unknown.ErrorCode).ShouldBe((10, "BK9518"));
        var none = await appliance.RunAsync("certificates", "revoke", "nothing");
        (none.ExitCode, none.ErrorCode).ShouldBe((10, "BK9519"));
        Text((await appliance.RunAsync("certificates", "revoke", Text(certificate, "id"))).Succeeded().Json, "state")
            .ShouldBe("revoked");
        await appliance.StopAsync();
        (await KeysAsync(appliance)).Count.ShouldBe(2, "without a running appliance too");
    }

    private static async Task<List<JsonElement>> KeysAsync(ApplianceProcess appliance) =>
        [.. (await appliance.RunAsync("keys", "list")).Succeeded().Json.EnumerateArray()];

    private static async Task<JsonElement> UntilAsync(
        ApplianceProcess appliance,
        Func<List<JsonElement>, JsonElement> wanted
    )
    {
        for (var tries = 0; ; tries++)
        {
            tries.ShouldBeLessThan(60, "the keys do not get there");
            if (wanted(await KeysAsync(appliance)) is { ValueKind: JsonValueKind.Object } found)
            {
                return found;
            }

            await Task.Delay(300);
        }
    }

    private static string Text(JsonElement element, string name) => element.GetProperty(name).GetString()!;
}
