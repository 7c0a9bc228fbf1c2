using System.Text.Json.Nodes;
using Backup.Metadata.People;
using Backup.WebUI.Access;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Every route of the API, against everybody who may not.</summary>
public sealed class AttackTests(AttackScene scene) : IClassFixture<AttackScene>
{
    private const string Own = "X-Backup-Request: 1";

    /// <summary>The table of docs/people.md, written down a second time.</summary>
    private static readonly Dictionary<GroupRole, Permission[]> Table = new()
    {
        [GroupRole.Viewer] = [Permission.See],
        [GroupRole.Operator] = [Permission.See, Permission.Operate],
        [GroupRole.Restorer] = [Permission.See, Permission.Restore],
        [GroupRole.BackupAdministrator] =
        [
            Permission.See,
            Permission.Operate,
            Permission.Restore,
            Permission.Configure,
            Permission.Audit,
        ],
        [GroupRole.Owner] =
        [
            Permission.See,
            Permission.Operate,
            Permission.Restore,
            Permission.Configure,
            Permission.People,
            Permission.Audit,
        ],
    };

    [Fact]
    public void What_is_open_to_everybody_or_to_whoever_is_signed_in_is_this_and_no_more()
    {
        scene
            .Routes.Where(static one => one.Rule.Level == AccessLevel.Open)
            .Select(static one => one.ToString())
            .Order(StringComparer.Ordinal)
            .ShouldBe([
                "GET /api/v1/invitations/{secret}",
                "GET /api/v1/openapi.json",
                "GET /api/v1/setup",
                "POST /api/v1/invitations/{secret}",
                "POST /api/v1/session",
                "POST /api/v1/setup",
            ]);
        scene
            .Routes.Where(static one => one.Rule.Level == AccessLevel.SignedIn)
            .Select(static one => one.ToString())
            .Order(StringComparer.Ordinal)
            .ShouldBe([
                "DELETE /api/v1/account/two-factor",
                "DELETE /api/v1/session",
                "DELETE /api/v1/sessions/{session}",
                "GET /api/v1/caller",
                "GET /api/v1/groups",
                "GET /api/v1/session",
                "GET /api/v1/sessions",
                "GET /api/v1/status",
                "GET /api/v1/subjects",
                "POST /api/v1/account/two-factor",
                "POST /api/v1/session/confirm",
                "PUT /api/v1/account/password",
                "PUT /api/v1/account/two-factor",
            ]);
        scene.Routes.Count.ShouldBeGreaterThan(50);
    }

    [Fact]
    public void What_changes_something_needs_more_than_to_see_and_what_takes_data_out_the_password_again()
    {
        scene
            .Routes.Where(static one =>
                one is { Changes: true, Rule: { Level: AccessLevel.Group, Permission: Permission.See } }
                && !one.Pattern.EndsWith("/preview", StringComparison.Ordinal)
            )
            .ShouldBeEmpty();
        scene
            .Routes.Where(static one =>
                one.Method == HttpMethod.Post
                && (
                    one.Pattern.EndsWith("/links", StringComparison.Ordinal)
                    || one.Pattern.EndsWith("/restores", StringComparison.Ordinal)
                    || one.Pattern.EndsWith("/served", StringComparison.Ordinal)
                )
            )
            .Select(static one => (one.Rule.Permission, one.Rule.IsConfirmed))
            .ShouldBe(Enumerable.Repeat((Permission.Restore, true), 3));
        scene
            .Routes.Where(static one => one.Pattern.StartsWith("/api/v1/groups/{group}", StringComparison.Ordinal))
            .Where(static one => one.Rule.Level != AccessLevel.Group)
            .ShouldBeEmpty("what is below a group is for its members");
    }

    [Fact]
    public async Task Who_proves_nothing_is_nobody_whatever_they_send()
    {
        _ = scene.Inner.Desks.Take();
        scene.Useless["a session that is over"] = [$"Cookie: {await scene.ExpiredAsync()}"];
        await EachAsync(
            from route in scene.Routes
            where route.Rule.Level != AccessLevel.Open
            from useless in scene.Useless
            select (route, useless.Key, useless.Value),
            async one =>
                Wrong(await SendAsync(one.route, scene.Ours, [Own, .. one.Value]), 401, "BK8500") is { } wrong
                    ? $"{one.route} with {one.Key}: {wrong}"
                    : null
        );
        scene.Inner.Desks.Take().ShouldBeEmpty();
    }

    [Fact]
    public async Task Another_group_is_as_if_it_were_not_there()
    {
        _ = scene.Inner.Desks.Take();
        string[][] strangers =
        [
            [$"Authorization: Bearer {scene.StrangerToken}"],
            [$"Cookie: {scene.StrangerCookie}"],
            [$"Cookie: {scene.AdministratorCookie}"],
        ];
        await EachAsync(
            from route in scene.Routes
            where route.Rule.Level == AccessLevel.Group
            from stranger in strangers
            select (route, stranger),
            async one =>
            {
                var theirs = await SendAsync(one.route, scene.Ours, [Own, .. one.stranger]);
                var none = await SendAsync(one.route, "00000000000000000000000000000000", [Own, .. one.stranger]);
                return Wrong(theirs, 404, "BK8503") is { } wrong ? $"{one.route}: {wrong}"
                    : Without(theirs) != Without(none) ? $"{one.route}: it can be told from one that is not there"
                    : null;
            }
        );
        scene.Inner.Desks.Take().ShouldBeEmpty();

        static string Without((int, string Text) answer)
        {
            var json = JsonNode
                .Parse(
                    answer.Text[answer.Text.IndexOf('{', StringComparison.Ordinal)..(answer.Text.LastIndexOf('}') + 1)]
                )!
                .AsObject();
            json.Remove("instance");
            return json.ToJsonString();
        }
    }

    [Fact]
    public async Task Each_role_may_what_the_table_says_and_every_refusal_is_in_the_audit()
    {
        var before = (await scene.Inner.Metadata.Audit.ListAsync(default, 10_000)).Count;
        var refused = 0;
        await EachAsync(
            from route in scene.Routes
            where route.Rule.Level == AccessLevel.Group && !route.IsStream
            from role in Enum.GetValues<GroupRole>()
            select (route, role),
            async one =>
            {
                var may = Table[one.role].Contains(one.route.Rule.Permission);
                var answer = await SendAsync(
                    one.route,
                    scene.Ours,
                    [$"Authorization: Bearer {scene.Tokens[one.role]}"]
                );
                refused += may ? 0 : 1;
                return may
                    ? answer.Status is 401 or 403 or 0 or >= 500
                        ? $"{one}: {answer}"
                        : null
                    : Wrong(answer, 403, "BK8504") is { } wrong
                        ? $"{one}: {wrong}"
                        : null;
            }
        );
        var records = (await scene.Inner.Metadata.Audit.ListAsync(default, 10_000)).Skip(before);
        records
            .Count(static one => one is { Code: "BK8504", Outcome: Backup.Metadata.AuditOutcomes.Refused })
            .ShouldBe(refused);
        refused.ShouldBeGreaterThan(50);
    }

    [Fact]
    public async Task What_is_for_administrators_is_for_no_owner()
    {
        string[][] others =
        [
            [$"Authorization: Bearer {scene.Tokens[GroupRole.Owner]}"],
            [$"Cookie: {scene.OwnerCookie}"],
        ];
        await EachAsync(
            from route in scene.Routes
            where route.Rule.Level == AccessLevel.Administrator
            from other in others
            select (route, other),
            async one => Wrong(await SendAsync(one.route, scene.Ours, [Own, .. one.other]), 403, "BK8504")
        );
    }

    [Fact]
    public async Task What_is_for_the_host_is_for_nobody_who_comes_over_the_network()
    {
        _ = scene.Inner.Desks.Take();
        string[][] others =
        [
            [$"Authorization: Bearer {scene.Tokens[GroupRole.Owner]}"],
            [$"Cookie: {scene.OwnerCookie}"],
            [$"Cookie: {scene.AdministratorCookie}"],
        ];
        var routes = scene.Routes.Where(static one => one.Rule.Level == AccessLevel.Host).ToList();
        routes
            .Select(static one => one.ToString())
            .Order(StringComparer.Ordinal)
            .ShouldBe([
                "DELETE /api/v1/host/agent-builds/{platform}",
                "GET /api/v1/host/agent-builds",
                "POST /api/v1/host/agent-builds",
                "POST /api/v1/host/people",
                "POST /api/v1/host/setup-token",
                "PUT /api/v1/host/people/{email}/password",
            ]);
        await EachAsync(
            from route in routes
            from other in others
            select (route, other),
            async one => Wrong(await SendAsync(one.route, scene.Ours, [Own, .. one.other]), 403, "BK8532")
        );
        scene.Inner.Desks.Take().ShouldBeEmpty();
    }

    [Fact]
    public async Task A_session_alone_is_not_enough_where_the_password_is_asked_again()
    {
        using var fresh = await scene.Inner.LoggedInAsync("fresh@example.org", GroupRole.Owner, "ours");
        var user = (await scene.Inner.People.Users.FindByEmailAsync("fresh@example.org"))!;
        await scene.Inner.People.Users.SetAdministratorAsync(user.Id, administrator: true);
        await EachAsync(
            scene.Routes.Where(static one => one.Rule.IsConfirmed),
            async route => Wrong(await SendAsync(route, scene.Ours, [Own, $"Cookie: {fresh.Cookie}"]), 403, "BK8505")
        );
    }

    [Fact]
    public async Task Another_site_changes_nothing_with_somebodys_cookie()
    {
        _ = scene.Inner.Desks.Take();
        var port = scene.Inner.Host.Address.Port;
        string[][] foreign =
        [
            [],
            ["X-Backup-Request: 0"],
            ["X-Backup-Request: "],
            [Own, Own],
            [Own, "Origin: https://evil.example"],
            [Own, "Origin: null"],
            [Own, $"Origin: https://127.0.0.1:{port}"],
            [Own, $"Origin: http://127.0.0.1:{port + 1}"],
            [Own, $"Origin: http://127.0.0.1:{port}", "Origin: https://evil.example"],
            [Own, "Sec-Fetch-Site: cross-site"],
            [Own, "Sec-Fetch-Site: same-site"],
        ];
        await EachAsync(
            from route in scene.Routes
            where route.Changes
            from headers in foreign
            from cookie in new[] { scene.OwnerCookie, "x=y" }
            select (route, headers, cookie),
            async one =>
                Wrong(await SendAsync(one.route, scene.Ours, [.. one.headers, $"Cookie: {one.cookie}"]), 403, "BK8502")
                    is { } wrong
                    ? $"{one.route} with {string.Join(", ", one.headers)}: {wrong}"
                    : null
        );
        scene.Inner.Desks.Take().ShouldBeEmpty();
    }

    private Task<(int Status, string Text)> SendAsync(Route route, string group, string[] headers) =>
        scene.RawAsync(route.Method.Method, route.Path(group), headers, route.Body is null ? null : "{}");

    /// <summary>What is wrong with the answer; null where it is that problem.</summary>
    private static string? Wrong((int Status, string Text) answer, int status, string code) =>
        answer.Status == status
        && answer.Text.Contains($"\"code\":\"{code}\"", StringComparison.Ordinal)
        && answer.Text.Contains("application/problem+json", StringComparison.Ordinal)
            ? null
            : $"wanted {status} {code}, got {answer.Text}";

    /// <summary>All of them, a few at a time; every failure is told.</summary>
    private static async Task EachAsync<T>(IEnumerable<T> all, Func<T, Task<string?>> attack)
    {
        var tried = 0;
        var failures = new List<string>();
        foreach (var some in all.Chunk(16))
        {
            tried += some.Length;
            failures.AddRange((await Task.WhenAll(some.Select(attack))).OfType<string>());
        }

        tried.ShouldBeGreaterThan(0);
        failures.ShouldBeEmpty();
    }
}
