using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Shouldly;
using Xunit;

namespace Backup.Tests.EndToEnd;

/// <summary>Accounts of an appliance: the first by the printed token, and what the owner of the host does with them.</summary>
public sealed class PeopleTests
{
    private const string Email = "ada@example.org";
    private const string First = "seven otters sing";
    private const string Second = "nine herons wade";

    [Fact]
    public async Task TheFirstAccountIsMadeWithThePrintedTokenAndTheHostsOwnerLooksAfterAccounts()
    {
        await using var appliance = new ApplianceProcess(protect: null);
        appliance.Up("--json");
        await appliance.WaitForOutputAsync("\"setup\"");
        var address = appliance
            .Output.Split('\n')
            .Where(static line => line.Contains("\"setup\"", StringComparison.Ordinal))
            .Select(static line => JsonSerializer.Deserialize<JsonElement>(line).GetProperty("address").GetString()!)
            .First();
        using var web = new HttpClient { BaseAddress = new Uri(address.Split("setup#")[0]) };
        web.DefaultRequestHeaders.Add("X-Backup-Request", "1");
        var printed = address.Split("token=")[1];

        // Another one was made by command: the printed one is good for nothing then.
        var newer = (await appliance.RunAsync("people", "setup-token")).Succeeded().Json;
        (await SetUpAsync(printed)).ShouldBe(HttpStatusCode.Forbidden);
        (await SetUpAsync(newer.GetProperty("token").GetString()!)).ShouldBe(HttpStatusCode.Created);
        (await appliance.RunAsync("people", "setup-token")).ErrorCode.ShouldBe("BK6104");

        // What nobody knows any more is set anew; wrong tries lock out, and a command ends that.
        (await LogInAsync(First)).ShouldBe(HttpStatusCode.Created);
        (await appliance.RunWithInputAsync(Second, "people", "password", Email)).Succeeded();
        for (var n = 0; n < 5; n++)
        {
            (await LogInAsync(First)).ShouldBe(HttpStatusCode.Unauthorized);
        }

        (await LogInAsync(Second)).ShouldBe(HttpStatusCode.TooManyRequests);
        (await appliance.RunAsync("people", "unlock", Email)).Succeeded();
        (await LogInAsync(Second)).ShouldBe(HttpStatusCode.Created);

        (await appliance.RunWithInputAsync("password1234", "people", "add", "bob@example.org")).ErrorCode.ShouldBe(
            "BK8525"
        );
        (await appliance.RunWithInputAsync(First, "people", "add", "bob@example.org", "--role", "owner")).Succeeded();
        (await appliance.RunAsync("people", "disable", Email)).ErrorCode.ShouldBe("BK6102", "nobody would be left");
        (await appliance.RunAsync("people", "administrator", "bob@example.org")).Succeeded();
        (await appliance.RunAsync("people", "disable", Email)).Succeeded();
        (await LogInAsync(Second)).ShouldBe(HttpStatusCode.Forbidden);
        var nobody = await appliance.RunAsync("people", "enable", "nobody@example.org");
        (nobody.ExitCode, nobody.ErrorCode).ShouldBe((10, "BK8503"));

        await appliance.StopAsync();
        var all = (await appliance.RunAsync("people", "list")).Succeeded().Json.EnumerateArray().ToList();
        all.Select(static one => (one.GetProperty("email").GetString(), one.GetProperty("disabled").GetBoolean()))
            .ShouldBe([(Email, true), ("bob@example.org", false)]);
        var audit = (await appliance.RunAsync("audit")).Succeeded();
        audit.Output.ShouldContain("user.password");
        audit.Output.ShouldNotContain("herons");

        async Task<HttpStatusCode> SetUpAsync(string token)
        {
            var request = new
            {
                token,
                email = Email,
                name = "Ada",
                password = First,
            };
            using var answer = await web.PostAsJsonAsync("api/v1/setup", request);
            return answer.StatusCode;
        }

        async Task<HttpStatusCode> LogInAsync(string password)
        {
            using var answer = await web.PostAsJsonAsync("api/v1/session", new { email = Email, password });
            return answer.StatusCode;
        }
    }
}
