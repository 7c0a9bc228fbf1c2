using System.Text;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Requests that are no HTTP, or bend it.</summary>
public sealed class AttackHttpTests(AttackScene scene) : IClassFixture<AttackScene>
{
    private string Members => $"/api/v1/groups/{scene.Ours}/members";

    private string Token => $"Authorization: Bearer {scene.Tokens[GroupRole.Owner]}";

    [Theory]
    [InlineData("Host: evil.example\r\n")]
    [InlineData("Host: evil.example:8080\r\n")]
    [InlineData("Host: localhost.evil.example\r\n")]
    [InlineData("Host: 127.0.0.1.evil.example\r\n")]
    [InlineData("Host: localhost@evil.example\r\n")]
    [InlineData("Host: localhost\r\nHost: evil.example\r\n")]
    [InlineData("")]
    public async Task Another_name_is_not_ours(string host)
    {
        var answer = await scene.RawAsync("GET", Members, [Token], host: host);
        answer.Status.ShouldBeOneOf(400, 421);
    }

    [Fact]
    public async Task What_headers_say_of_the_way_here_is_not_believed()
    {
        using var visitor = scene.Inner.Visitor();
        var answer = await scene.RawAsync(
            "POST",
            "/api/v1/session",
            [
                "X-Backup-Request: 1",
                "X-Forwarded-For: 10.9.8.7",
                "X-Real-IP: 10.9.8.7",
                "Forwarded: for=10.9.8.7",
                "X-Forwarded-Proto: https",
            ],
            """{"email":"owner@example.org","password":"wrong"}"""
        );
        answer.Status.ShouldBe(401);
        var record = (await scene.Inner.Metadata.Audit.ListAsync(default, 1)).ShouldHaveSingleItem();
        (record.From, record.Code).ShouldBe(("127.0.0.1", "BK8520"));
    }

    [Theory]
    [InlineData(
        "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"
    )]
    [InlineData("Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}")]
    [InlineData("Content-Length: -1\r\n\r\n{}")]
    [InlineData("Content-Length: 0x2\r\n\r\n{}")]
    [InlineData("Transfer-Encoding: xchunked\r\n\r\n{}")]
    [InlineData("Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n")]
    [InlineData("X-A\0B: 1\r\n\r\n")]
    [InlineData("X-A: a\0b\r\n\r\n")]
    [InlineData("X-A : 1\r\n\r\n")]
    [InlineData(" folded: 1\r\n\r\n")]
    [InlineData(": nameless\r\n\r\n")]
    public async Task Nothing_is_smuggled_in_behind_a_request(string rest)
    {
        var answer = await scene.RawAsync(
            Encoding.Latin1.GetBytes(
                $"POST /api/v1/groups HTTP/1.1\r\nHost: localhost\r\n{Token}\r\nContent-Type: application/json\r\n{rest}"
            )
        );
        answer.Status.ShouldBeOneOf(400, 403, 411, 501);
        answer.Text.Split("HTTP/1.1 ").Length.ShouldBe(2, "one answer, and the connection is closed: " + answer.Text);
    }

    [Fact]
    public async Task Headers_have_their_bounds()
    {
        string[] many = [.. Enumerable.Range(0, 200).Select(static n => $"X-{n}: 1")];
        (await scene.RawAsync("GET", Members, [Token, .. many])).Status.ShouldBe(431);
        (await scene.RawAsync("GET", Members, [Token, $"X-Long: {new string('x', 100_000)}"])).Status.ShouldBeOneOf(
            431,
            0
        );
        (await scene.RawAsync("GET", $"{Members}?{new string('x', 20_000)}", [Token])).Status.ShouldBeOneOf(414, 0);
        (await scene.RawAsync("GET", Members, [$"Authorization: Bearer {new string('x', 12_000)}"])).Status.ShouldBe(
            401
        );
        var cookies = string.Join("; ", Enumerable.Range(0, 400).Select(static n => $"backup-session=bks_{n}"));
        (await scene.RawAsync("GET", Members, [$"Cookie: {cookies}"])).Status.ShouldBe(401);
    }

    [Theory]
    [InlineData("Idempotency-Key: ")]
    [InlineData("Idempotency-Key: a b")]
    [InlineData("Idempotency-Key: \u00e4")]
    [InlineData("Idempotency-Key: 12345678901234567890123456789012345678901234567890123456789012345")]
    [InlineData("Idempotency-Key: a\r\nIdempotency-Key: b")]
    public async Task A_key_that_is_none_is_refused(string header)
    {
        var answer = await scene.RawAsync(
            "POST",
            $"/api/v1/groups/{scene.Ours}/tokens",
            [Token, .. header.Split("\r\n")],
            """{"name":"x","role":"viewer"}"""
        );
        answer.Status.ShouldBe(400, answer.Text);
    }

    [Fact]
    public async Task A_secret_that_is_shown_once_is_not_repeated_by_its_key()
    {
        using var owner = new Visitor(scene.Inner.Host.Address) { Token = scene.Tokens[GroupRole.Owner] };
        var path = $"/groups/{scene.Ours}/tokens";
        (await SendAsync()).Json["token"].ShouldNotBeNull();
        (await SendAsync()).ShouldBeProblem(System.Net.HttpStatusCode.Conflict, "BK8513");

        async Task<Answer> SendAsync()
        {
            var request = owner.Request(HttpMethod.Post, path);
            request.Headers.Add("Idempotency-Key", "once");
            request.Content = new StringContent(
                """{"name":"once","role":"viewer"}""",
                Encoding.UTF8,
                "application/json"
            );
            return await owner.SendAsync(request);
        }
    }

    [Theory]
    [InlineData("GARBAGE\r\n\r\n")]
    [InlineData("GET\r\n\r\n")]
    [InlineData("GET  HTTP/1.1\r\n\r\n")]
    [InlineData("GET /api/v1/groups HTTP/9.9\r\n\r\n")]
    [InlineData("GET /api/v1/groups\r\n\r\n")]
    [InlineData("\0\0\0\0\r\n\r\n")]
    [InlineData("\u0016\u0003\u0001\u0002\0\u0001\0\u0001\u00fc\u0003\u0003")]
    [InlineData("CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\nConnection: close\r\n\r\n")]
    [InlineData("GET http://evil.example/api/v1/groups HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
    [InlineData("OPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")]
    public async Task What_is_no_request_gets_no_answer_that_helps(string bytes)
    {
        var answer = await scene.RawAsync(Encoding.Latin1.GetBytes(bytes));
        answer.Status.ShouldBeOneOf(0, 400, 404, 405, 421, 505);
    }
}
