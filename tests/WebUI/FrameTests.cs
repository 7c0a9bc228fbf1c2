using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.Metadata;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;
using Microsoft.AspNetCore.Routing;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public class FrameTests
{
    private const Permission Everything =
        Permission.See
        | Permission.Operate
        | Permission.Restore
        | Permission.Configure
        | Permission.People
        | Permission.Audit;

    [Fact]
    public async Task Every_answer_has_the_headers_that_protect_it()
    {
        await using var scene = await WebScene.StartAsync();
        foreach (var path in new[] { "/healthz", "/api/v1/nothing", "/api/v1/groups/x/jobs", "/assets/0/app.js", "/" })
        {
            using var answer = await scene.Http.GetAsync(path);
            var policy = answer.Headers.GetValues("Content-Security-Policy").ShouldHaveSingleItem();
            policy.ShouldContain("default-src 'none'");
            policy.ShouldContain("frame-ancestors 'none'");
            policy.ShouldNotContain("unsafe");
            policy.ShouldNotContain("http");
            answer.Headers.GetValues("X-Content-Type-Options").ShouldBe(["nosniff"]);
            answer.Headers.GetValues("Referrer-Policy").ShouldBe(["no-referrer"]);
            answer.Headers.Contains("Server").ShouldBeFalse();
            answer.Headers.CacheControl!.ToString().ShouldContain("no-", Case.Sensitive, path);
        }
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/d/rs0.example/restore")]
    [InlineData("/apiary")]
    public async Task Every_path_of_a_page_is_answered_with_the_pages(string path)
    {
        await using var scene = await WebScene.StartAsync();
        using var answer = await scene.Http.GetAsync(path);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/html");
        (await answer.Content.ReadAsStringAsync()).ShouldContain("/assets/");
        using var posted = await scene.SendAsync(HttpMethod.Post, path);
        await WebScene.ProblemAsync(posted, HttpStatusCode.MethodNotAllowed, WebUIErrors.NoMethod);
    }

    [Fact]
    public async Task A_name_that_is_not_ours_is_not_answered()
    {
        await using var scene = await WebScene.StartAsync();
        using var request = scene.Request(HttpMethod.Get, "/healthz");
        request.Headers.Host = "attacker.example:8080";
        using var answer = await scene.Http.SendAsync(request);
        await WebScene.ProblemAsync(answer, HttpStatusCode.MisdirectedRequest, WebUIErrors.HostUnknown);
    }

    [Fact]
    public async Task Who_is_not_signed_in_gets_401_and_what_is_not_there_404()
    {
        await using var scene = await WebScene.StartAsync();
        using var nobody = await scene.SendAsync(HttpMethod.Get, scene.Of("overview"));
        await WebScene.ProblemAsync(nobody, HttpStatusCode.Unauthorized, WebUIErrors.NotSignedIn);
        nobody.Headers.WwwAuthenticate.ToString().ShouldBe("Bearer");
        using var nothing = await scene.SendAsync(HttpMethod.Get, "/api/v1/nothing");
        await WebScene.ProblemAsync(nothing, HttpStatusCode.NotFound, WebUIErrors.NoRoute);
        using var method = await scene.SendAsync(HttpMethod.Put, scene.Of("overview"));
        await WebScene.ProblemAsync(method, HttpStatusCode.MethodNotAllowed, WebUIErrors.NoMethod);
        method.Content.Headers.Allow.ShouldBe(["GET"]);
    }

    [Fact]
    public async Task Another_groups_things_are_as_if_they_were_not_there()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Everything);
        using var theirs = await scene.SendAsync(HttpMethod.Get, $"/api/v1/groups/{scene.Theirs.Id}/overview", caller);
        using var none = await scene.SendAsync(HttpMethod.Get, "/api/v1/groups/none/overview", caller);
        var (one, other) = (
            await WebScene.ProblemAsync(theirs, HttpStatusCode.NotFound, WebUIErrors.NotFound),
            await WebScene.ProblemAsync(none, HttpStatusCode.NotFound, WebUIErrors.NotFound)
        );
        one.ShouldBe(other with { Instance = one.Instance });

        // Their deployment under our group is no way around it.
        foreach (
            var path in new[] { "deployments/deployment-rs9", "deployments/rs9/snapshots", "deployments/rs9/policy" }
        )
        {
            using var answer = await scene.SendAsync(HttpMethod.Get, scene.Of(path), caller);
            await WebScene.ProblemAsync(answer, HttpStatusCode.NotFound, WebUIErrors.NotFound);
        }
    }

    [Fact]
    public async Task What_a_role_does_not_allow_is_refused_and_written_down()
    {
        await using var scene = await WebScene.StartAsync();
        var viewer = scene.Member(Permission.See);
        using var answer = await scene.SendAsync(HttpMethod.Post, scene.Of("deployments/rs0/snapshots"), viewer);
        var problem = await WebScene.ProblemAsync(answer, HttpStatusCode.Forbidden, WebUIErrors.NotAllowed);
        problem.Detail.ShouldContain("'operate'");
        scene.Desks.Done.ShouldBeEmpty();
        var record = (await scene.Metadata.Audit.ListAsync(DateTimeOffset.UnixEpoch, 10)).ShouldHaveSingleItem();
        (record.Action, record.Outcome, record.Code).ShouldBe(("snapshot.take", AuditOutcomes.Refused, "BK8504"));
        record.Actor.ShouldBe($"user {viewer}");
        record.GroupId.ShouldBe(scene.Ours.Id);
        record.Subject.ShouldContain("deployment rs0");
    }

    [Fact]
    public async Task A_change_is_written_down_with_who_made_it()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Everything);
        using (var taken = await scene.SendAsync(HttpMethod.Post, scene.Of("deployments/rs0/snapshots"), caller))
        {
            taken.StatusCode.ShouldBe(HttpStatusCode.Accepted);
            taken.Headers.Location!.ToString().ShouldBe(scene.Of("jobs/job"));
        }

        scene.Desks.Failure = new BackupException(9501, "It cannot be.", "Do another thing.");
        using (var failed = await scene.SendAsync(HttpMethod.Post, scene.Of("deployments/rs0/snapshots"), caller))
        {
            (await WebScene.ProblemAsync(failed, HttpStatusCode.UnprocessableEntity, 9501)).Hint.ShouldBe(
                "Do another thing."
            );
        }

        var records = await scene.Metadata.Audit.ListAsync(DateTimeOffset.UnixEpoch, 10);
        records
            .Select(static one => (one.Action, one.Outcome, one.Code))
            .ShouldBe([("snapshot.take", AuditOutcomes.Ok, null), ("snapshot.take", AuditOutcomes.Failed, "BK9501")]);
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData("1", "https://attacker.example", null)]
    [InlineData("1", "null", null)]
    [InlineData("1", null, "cross-site")]
    [InlineData("1", null, "same-site")]
    [InlineData("2", null, null)]
    public async Task A_change_with_a_session_that_other_pages_could_send_is_refused(
        string? header,
        string? origin,
        string? site
    )
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Everything);
        using var request = new HttpRequestMessage(HttpMethod.Post, scene.Of("deployments/rs0/snapshots"));
        request.Headers.Add(WebScene.CallerHeader, caller);
        foreach (
            var (name, value) in new[]
            {
                (AccessGate.RequestHeader, header),
                ("Origin", origin),
                ("Sec-Fetch-Site", site),
            }
        )
        {
            if (value is not null)
            {
                request.Headers.Add(name, value);
            }
        }

        using var answer = await scene.Http.SendAsync(request);
        await WebScene.ProblemAsync(answer, HttpStatusCode.Forbidden, WebUIErrors.ForeignRequest);
        scene.Desks.Done.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_token_needs_nothing_that_browsers_send()
    {
        await using var scene = await WebScene.StartAsync();
        var token = scene.Member(Everything, CallerKind.Token);
        using var request = new HttpRequestMessage(HttpMethod.Post, scene.Of("deployments/rs0/snapshots"));
        request.Headers.Add(WebScene.CallerHeader, token);
        using var answer = await scene.Http.SendAsync(request);
        answer.StatusCode.ShouldBe(HttpStatusCode.Accepted);
    }

    [Fact]
    public async Task Restores_and_deletions_ask_for_the_password_again()
    {
        await using var scene = await WebScene.StartAsync();
        var now = TimeProvider.System.GetUtcNow();
        var plan = new { deployment = "rs0" };
        var (never, past, lately) = (
            scene.Member(Everything),
            scene.Member(Everything, confirmedUntil: now.AddSeconds(-1)),
            scene.Member(Everything, confirmedUntil: now.AddMinutes(4))
        );
        foreach (var caller in new[] { never, past })
        {
            using var link = await scene.SendAsync(HttpMethod.Post, scene.Of("links"), caller, plan);
            var problem = await WebScene.ProblemAsync(link, HttpStatusCode.Forbidden, WebUIErrors.ConfirmationNeeded);
            problem.Reauthenticate.ShouldBe(true);
            using var removed = await scene.SendAsync(HttpMethod.Delete, scene.Of("deployments/rs0"), caller);
            await WebScene.ProblemAsync(removed, HttpStatusCode.Forbidden, WebUIErrors.ConfirmationNeeded);
        }

        scene.Desks.Done.ShouldBeEmpty();
        using var made = await scene.SendAsync(HttpMethod.Post, scene.Of("links"), lately, plan);
        made.StatusCode.ShouldBe(HttpStatusCode.Created, await made.Content.ReadAsStringAsync());
        scene.Desks.Done.ShouldBe(["link set-rs0 archive "]);
    }

    [Theory]
    [InlineData(CallerKind.Token, true)]
    [InlineData(CallerKind.Host, false)]
    public async Task The_target_of_a_restore_that_is_asked_for_over_the_network_is_looked_at_first(
        CallerKind kind,
        bool isLookedAt
    )
    {
        await using var scene = await WebScene.StartAsync();
        var plan = new { into = new { deployment = "rs0", uri = "mongodb://h/?tls=true" } };
        var caller = scene.Member(Everything, kind);
        using var begun = await scene.SendAsync(HttpMethod.Post, scene.Of("restores"), caller, plan);
        begun.StatusCode.ShouldBe(HttpStatusCode.Accepted, await begun.Content.ReadAsStringAsync());
        scene.Desks.Foreign.Count.ShouldBe(isLookedAt ? 1 : 0);
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("{", null)]
    [InlineData("[]", null)]
    [InlineData("null", null)]
    [InlineData("""{"minutes":"ten"}""", "minutes")]
    [InlineData("""{"minutes":5,"minutes":6}""", "minutes")]
    [InlineData("""{"minutes":5,"hours":6}""", null)]
    [InlineData("""{}""", null)]
    public async Task A_body_that_is_not_what_a_route_takes_is_refused(string body, string? field)
    {
        await using var scene = await WebScene.StartAsync();
        using var answer = await scene.SendAsync(
            HttpMethod.Post,
            scene.Of("agents/tokens"),
            scene.Member(Everything),
            body
        );
        var problem = await WebScene.ProblemAsync(answer, HttpStatusCode.BadRequest);
        problem.Code.ShouldBeOneOf("BK8508", "BK8519");
        problem.Detail.ShouldNotContain("Backup.");
        if (field is not null)
        {
            problem.Field.ShouldBe(field);
        }

        scene.Desks.Done.ShouldBeEmpty();
    }

    [Fact]
    public async Task A_body_that_is_no_JSON_or_too_long_is_refused()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Everything);
        using var form = scene.Request(HttpMethod.Post, scene.Of("agents/tokens"), caller);
        form.Content = new FormUrlEncodedContent([new("minutes", "5")]);
        using var refused = await scene.Http.SendAsync(form);
        await WebScene.ProblemAsync(refused, HttpStatusCode.UnsupportedMediaType, WebUIErrors.MediaTypeWrong);

        var huge = $$"""{"minutes":5,"x":"{{new string('a', (int)WebUIHost.MostBodyBytes)}}"}""";
        using var tooLong = await scene.SendAsync(HttpMethod.Post, scene.Of("agents/tokens"), caller, huge);
        await WebScene.ProblemAsync(tooLong, HttpStatusCode.RequestEntityTooLarge, WebUIErrors.BodyTooLarge);
    }

    [Fact]
    public async Task What_nobody_expected_tells_no_more_than_its_number()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Failure = new InvalidOperationException("secret detail");
        using var answer = await scene.SendAsync(
            HttpMethod.Post,
            scene.Of("deployments/rs0/snapshots"),
            scene.Member(Everything)
        );
        var problem = await WebScene.ProblemAsync(answer, HttpStatusCode.InternalServerError, WebUIErrors.Unexpected);
        problem.Detail.ShouldNotContain("secret");
        problem.Instance.ShouldStartWith("urn:request:");
    }

    [Fact]
    public async Task A_list_comes_in_parts_that_miss_nothing_and_repeat_nothing()
    {
        await using var scene = await WebScene.StartAsync();
        var viewer = scene.Member(Permission.See);
        var at = new DateTimeOffset(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);
        for (var i = 0; i < 12; i++)
        {
            // Several of one moment: their ids tell them apart.
            scene.Desks.Snapshots.Add(Snapshot($"s{i:00}", at.AddMinutes(i / 3)));
        }

        var seen = new List<string>();
        string? next = null;
        do
        {
            var path = scene.Of($"deployments/rs0/snapshots?limit=5{(next is null ? "" : $"&after={next}")}");
            var page = await scene.GetAsync<PageOf<SnapshotEntryView>>(path, viewer);
            seen.AddRange(page.Items.Select(static one => one.Id));
            if (seen.Count == 5)
            {
                // What is taken meanwhile is newer than all that is shown: it moves nothing.
                scene.Desks.Snapshots.Add(Snapshot("later", at.AddHours(1)));
                scene.Desks.Snapshots.RemoveAll(static one => one.Id == "s11");
            }

            next = page.Next;
        } while (next is not null);
        seen.ShouldBe(Enumerable.Range(0, 12).Reverse().Select(static i => $"s{i:00}"));

        foreach (var wrong in new[] { "limit=0", "limit=201", "limit=x", "after=%20" })
        {
            using var answer = await scene.SendAsync(
                HttpMethod.Get,
                scene.Of($"deployments/rs0/snapshots?{wrong}"),
                viewer
            );
            (await WebScene.ProblemAsync(answer, HttpStatusCode.BadRequest, WebUIErrors.PageWrong)).Field.ShouldBe(
                wrong.Split('=')[0]
            );
        }
    }

    [Fact]
    public async Task The_description_holds_every_route_and_who_may_call_it()
    {
        await using var scene = await WebScene.StartAsync();
        using var answer = await scene.Http.GetAsync("/api/v1/openapi.json");
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, await answer.Content.ReadAsStringAsync());
        var document = await answer.Content.ReadFromJsonAsync<JsonElement>();
        document.GetProperty("openapi").GetString().ShouldStartWith("3.1");
        var described = document
            .GetProperty("paths")
            .EnumerateObject()
            .SelectMany(static path => path.Value.EnumerateObject().Select(one => $"{one.Name} {path.Name}"))
            .ToHashSet();
        foreach (var endpoint in scene.Host.Endpoints.OfType<RouteEndpoint>())
        {
            var path = $"/{endpoint.RoutePattern.RawText!.Trim('/')}";
            if (
                !path.StartsWith("/api/", StringComparison.Ordinal)
                || path.EndsWith("openapi.json", StringComparison.Ordinal)
            )
            {
                continue;
            }

            var method = endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods[0].ToLowerInvariant();
            described.ShouldContain($"{method} {path}");
            document
                .GetProperty("paths")
                .GetProperty(path)
                .GetProperty(method)
                .GetProperty("summary")
                .GetString()
                .ShouldNotBeNullOrWhiteSpace($"{method} {path}");
        }
    }

    [Fact]
    public async Task The_first_page_tells_that_something_changed_without_being_asked()
    {
        await using var scene = await WebScene.StartAsync();
        using var request = scene.Request(HttpMethod.Get, scene.Of("events"), scene.Member(Permission.See));
        using var answer = await scene.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.Content.Headers.ContentType!.MediaType.ShouldBe("text/event-stream");
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await EventAsync(reader)).Sentence.Level.ShouldBe("none");

        // Theirs are no news for us.
        scene.Desks.Deployments[1] = scene.Desks.Deployments[1] with
        {
            Error = new ErrorView("BK1", "theirs", ""),
        };
        scene.Desks.Deployments[0] = scene.Desks.Deployments[0] with { Error = new ErrorView("BK1", "ours", "") };
        _ = await scene.Metadata.Settings.EnsureAsync("something", "changed");
        var next = await EventAsync(reader);
        next.Sentence.Level.ShouldBe("bad");
        next.Attention.ShouldHaveSingleItem().Text.ShouldContain("ours");
    }

    [Fact]
    public async Task Pages_of_one_group_share_the_work_and_miss_no_change()
    {
        await using var scene = await WebScene.StartAsync();
        var viewer = scene.Member(Permission.See);
        // Nothing changes: whoever asks in these seconds is told the same.
        for (var i = 0; i < 5; i++)
        {
            _ = await scene.GetAsync<OverviewView>(scene.Of("overview"), viewer);
        }

        scene.Desks.Looked.ShouldBeLessThan(5);
        scene.Desks.Deployments[0] = scene.Desks.Deployments[0] with { Error = new ErrorView("BK1", "ours", "") };
        _ = await scene.Metadata.Settings.EnsureAsync("something", "changed");
        (await scene.GetAsync<OverviewView>(scene.Of("overview"), viewer)).Sentence.Level.ShouldBe("bad");

        // What failed is not kept.
        scene.Desks.StatusFailure = new InvalidOperationException();
        _ = await scene.Metadata.Settings.EnsureAsync("something else", "changed");
        using var failed = await scene.SendAsync(HttpMethod.Get, scene.Of("overview"), viewer);
        await WebScene.ProblemAsync(failed, HttpStatusCode.InternalServerError, WebUIErrors.Unexpected);
        scene.Desks.StatusFailure = null;
        (await scene.GetAsync<OverviewView>(scene.Of("overview"), viewer)).Sentence.Level.ShouldBe("bad");
    }

    [Fact]
    public async Task A_snapshot_is_pinned_foretold_and_deleted_by_those_who_may()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Snapshots.Add(Snapshot("s1", TimeProvider.System.GetUtcNow()));
        var (viewer, keeper) = (
            scene.Member(Permission.See),
            scene.Member(Everything, confirmedUntil: TimeProvider.System.GetUtcNow().AddMinutes(4))
        );
        var path = scene.Of("deployments/rs0/snapshots/s1");
        using var refused = await scene.SendAsync(HttpMethod.Patch, path, viewer, new { pinned = true });
        await WebScene.ProblemAsync(refused, HttpStatusCode.Forbidden, WebUIErrors.NotAllowed);
        using var pinned = await scene.SendAsync(HttpMethod.Patch, path, keeper, new { pinned = true });
        pinned.StatusCode.ShouldBe(HttpStatusCode.OK, await pinned.Content.ReadAsStringAsync());
        (await scene.GetAsync<DeletionView>($"{path}/deletion", viewer)).Id.ShouldBe("s1");
        scene.Desks.Failure = MetadataErrors.Last("s1");
        using var last = await scene.SendAsync(HttpMethod.Delete, path, keeper);
        await WebScene.ProblemAsync(last, HttpStatusCode.Conflict, MetadataErrors.LastSnapshot);
        using var forced = await scene.SendAsync(HttpMethod.Delete, $"{path}?last=true", keeper);
        forced.StatusCode.ShouldBe(HttpStatusCode.OK);
        using var another = await scene.SendAsync(HttpMethod.Delete, scene.Of("deployments/rs0/snapshots/s2"), keeper);
        await WebScene.ProblemAsync(another, HttpStatusCode.NotFound, WebUIErrors.NotFound);
        scene.Desks.Done.ShouldBe(["keep s1 True", "delete s1 True"]);
    }

    private static async Task<OverviewView> EventAsync(StreamReader reader)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await reader.ReadLineAsync(patience.Token) is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                return JsonSerializer.Deserialize<OverviewView>(line[6..], WebScene.ReadOptions)!;
            }
        }

        throw new EndOfStreamException();
    }

    private static SnapshotView Snapshot(string id, DateTimeOffset at) =>
        new(id, "set-rs0", new OptimeView(1, 1), 1, 1, 1, 1, 0, at, null, "schedule");
}
