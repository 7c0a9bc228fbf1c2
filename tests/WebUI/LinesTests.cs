using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Answers as lines of JSON: single documents, and restores that somebody waits for.</summary>
public sealed class LinesTests
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 22, 12, 0, 0, TimeSpan.Zero);

    private static readonly DocumentLine Found = new(
        Version: new DocumentView(new OptimeView(7, 1), Noon, "inserted", """{"_id":1}""", null)
    );

    private static CallerKind Token => CallerKind.Token;

    [Fact]
    public async Task A_document_comes_as_lines_and_the_last_one_says_that_it_was_all()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Versions.AddRange([new DocumentLine(new ReplayView(new OptimeView(5, 1), 10, 20)), Found]);
        var lines = await LinesAsync(
            scene,
            "deployments/rs0/document",
            """{"namespace":"shop.orders","id":"1","time":"2026-11-22T12:00:00Z"}"""
        );
        scene.Desks.Done.ShouldBe([$"get set-rs0 shop.orders 1 {Noon.ToUnixTimeSeconds()}"]);
        lines.Count.ShouldBe(3);
        lines[0].Progress!.Bytes.ShouldBe(10);
        lines[1].Version.ShouldBe(Found.Version);
        lines[2].IsEnd.ShouldBeTrue();
    }

    [Fact]
    public async Task What_goes_wrong_before_the_first_line_is_a_problem_and_after_it_the_last_line()
    {
        await using var scene = await WebScene.StartAsync();
        const string body = """{"namespace":"shop.orders","id":"1"}""";
        scene.Desks.Failure = new BackupException(9999, "too early", "later");
        using (
            var answer = await scene.SendAsync(
                HttpMethod.Post,
                scene.Of("deployments/rs0/document/history"),
                scene.Member(Permission.Restore, Token),
                body
            )
        )
        {
            (await WebScene.ProblemAsync(answer, HttpStatusCode.UnprocessableEntity, 9999)).Detail.ShouldBe(
                "too early"
            );
        }

        scene.Desks.Versions.Add(Found);
        scene.Desks.Failure = new BackupException(9999, "too late", "earlier");
        var lines = await LinesAsync(scene, "deployments/rs0/document/history", body);
        lines[0].Version.ShouldNotBeNull();
        lines[^1].Error.ShouldBe(new ErrorView("BK9999", "too late", "earlier"));
        lines.ShouldNotContain(static one => one.IsEnd);
    }

    [Fact]
    public async Task One_moment_is_one_and_a_document_is_for_whoever_may_take_data_out()
    {
        await using var scene = await WebScene.StartAsync();
        var path = scene.Of("deployments/rs0/document");
        using var two = await scene.SendAsync(
            HttpMethod.Post,
            path,
            scene.Member(Permission.Restore, Token),
            """{"namespace":"shop.orders","id":"1","snapshot":"s","optime":"1,1"}"""
        );
        await WebScene.ProblemAsync(two, HttpStatusCode.UnprocessableEntity, 8601);
        using var viewer = await scene.SendAsync(
            HttpMethod.Post,
            path,
            scene.Member(Permission.See | Permission.Operate, Token),
            """{"namespace":"shop.orders","id":"1"}"""
        );
        await WebScene.ProblemAsync(viewer, HttpStatusCode.Forbidden, 8504);
        scene.Desks.Done.ShouldBeEmpty();
    }

    [Fact]
    public async Task Who_attends_a_restore_is_told_until_it_ends()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Restores.Add(Restore);
        using var answer = await AttendAsync(scene);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
        (await NextAsync(reader)).State.ShouldBe("running");
        scene.Desks.Restores[0] = Restore with { State = "succeeded", FinishedAt = Noon };
        (await NextAsync(reader)).State.ShouldBe("succeeded");
        (await reader.ReadLineAsync()).ShouldBeNull();
        scene.Desks.Done.ShouldBeEmpty("it ended by itself");
    }

    [Fact]
    public async Task Who_hangs_up_stops_the_restore()
    {
        await using var scene = await WebScene.StartAsync();
        scene.Desks.Restores.Add(Restore);
        using (var answer = await AttendAsync(scene))
        {
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync());
            (await NextAsync(reader)).State.ShouldBe("running");
        }

        for (var watch = Stopwatch.StartNew(); scene.Desks.Done.Count == 0; await Task.Delay(10))
        {
            watch.Elapsed.ShouldBeLessThan(TimeSpan.FromSeconds(20), "nobody stopped it");
        }

        scene.Desks.Done.ShouldBe(["cancel restore restore"]);
    }

    private static RestoreTaskView Restore { get; } =
        new("restore", "into", "rs0", "running", "load", 5, 10, Noon, null, "user");

    private static async Task<List<DocumentLine>> LinesAsync(WebScene scene, string path, string body)
    {
        using var answer = await scene.SendAsync(
            HttpMethod.Post,
            scene.Of(path),
            scene.Member(Permission.Restore, Token),
            body
        );
        var text = await answer.Content.ReadAsStringAsync();
        answer.StatusCode.ShouldBe(HttpStatusCode.OK, text);
        return
        [
            .. text.Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(static one => JsonSerializer.Deserialize<DocumentLine>(one, WebScene.ReadOptions)!),
        ];
    }

    private static async Task<HttpResponseMessage> AttendAsync(WebScene scene)
    {
        using var request = scene.Request(
            HttpMethod.Post,
            scene.Of("restores/restore/attend"),
            scene.Member(Permission.Restore, Token)
        );
        var answer = await scene.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
        answer.StatusCode.ShouldBe(HttpStatusCode.OK);
        return answer;
    }

    private static async Task<RestoreTaskView> NextAsync(StreamReader reader) =>
        JsonSerializer.Deserialize<RestoreTaskView>((await reader.ReadLineAsync())!, WebScene.ReadOptions)!;
}
