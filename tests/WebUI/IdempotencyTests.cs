using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Backup.Foundation.Errors;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Frame;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

public class IdempotencyTests
{
    private const Permission Everything = Permission.See | Permission.Configure;

    [Fact]
    public async Task The_same_idempotency_key_does_it_once()
    {
        await using var scene = await WebScene.StartAsync();
        var (caller, other) = (scene.Member(Everything), scene.Member(Everything));
        async Task<HttpResponseMessage> AddAsync(string who, string key, string name)
        {
            using var request = scene.Request(
                HttpMethod.Post,
                scene.Of("deployments"),
                who,
                new { uri = "mongodb://h/", name }
            );
            request.Headers.Add(IdempotencyKeys.Header, key);
            return await scene.Http.SendAsync(request);
        }

        using var first = await AddAsync(caller, "k1", "a");
        using var again = await AddAsync(caller, "k1", "a");
        (first.StatusCode, again.StatusCode).ShouldBe((HttpStatusCode.Created, HttpStatusCode.Created));
        (await again.Content.ReadAsStringAsync()).ShouldBe(await first.Content.ReadAsStringAsync());
        again.Headers.Location.ShouldBe(first.Headers.Location);
        again.Headers.GetValues(IdempotencyKeys.Repeated).ShouldBe(["true"]);
        scene.Desks.Done.Count.ShouldBe(1);

        using var another = await AddAsync(caller, "k1", "b");
        await WebScene.ProblemAsync(another, HttpStatusCode.UnprocessableEntity, WebUIErrors.KeyReused);
        using var othersKey = await AddAsync(other, "k1", "b");
        othersKey.StatusCode.ShouldBe(HttpStatusCode.Created);
        scene.Desks.Done.Count.ShouldBe(2);

        // What was refused may be tried again.
        scene.Desks.Failure = new BackupException(9501, "Not now.", "Later.");
        using var refused = await AddAsync(caller, "k2", "c");
        await WebScene.ProblemAsync(refused, HttpStatusCode.UnprocessableEntity, 9501);
        using var tried = await AddAsync(caller, "k2", "c");
        tried.StatusCode.ShouldBe(HttpStatusCode.Created);

        using var bad = await AddAsync(caller, new string('k', 65), "d");
        await WebScene.ProblemAsync(bad, HttpStatusCode.BadRequest, WebUIErrors.KeyWrong);
    }

    [Fact]
    public async Task A_secret_is_not_kept_to_be_repeated()
    {
        await using var scene = await WebScene.StartAsync();
        var caller = scene.Member(Everything);
        async Task<HttpResponseMessage> MakeAsync()
        {
            using var request = scene.Request(HttpMethod.Post, scene.Of("agents/tokens"), caller, new { minutes = 5 });
            request.Headers.Add(IdempotencyKeys.Header, "once");
            return await scene.Http.SendAsync(request);
        }

        using var first = await MakeAsync();
        (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("token").GetString().ShouldBe("secret");
        using var again = await MakeAsync();
        await WebScene.ProblemAsync(again, HttpStatusCode.Conflict, WebUIErrors.KeyAnswered);
        scene.Desks.Done.Count.ShouldBe(1);
    }
}
