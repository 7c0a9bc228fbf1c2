using System.Collections;
using System.Text;
using System.Text.Json;
using Backup.Metadata.People;
using Shouldly;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>Every route of the API, against what nobody in their right mind sends. The answer is a numbered problem, and never a failure of the server.</summary>
public sealed class AttackInputTests(AttackScene scene) : IClassFixture<AttackScene>
{
    /// <summary>Of a request; more is not read.</summary>
    private const int MostBodyBytes = 1024 * 1024;

    private static readonly string[] Strings =
    [
        "",
        " ",
        "\0",
        "a\0b",
        "\ud800",
        "<script>alert(1)</script>",
        "' OR 1=1 --",
        "../../etc/passwd",
        "\u202egnp.exe",
        "🦦",
        "\r\nX-Evil: 1",
        "$(reboot)",
        "%s%n%x",
        new('x', 300),
        new('ä', 10_000),
    ];

    private static readonly string[] Segments =
    [
        "..",
        "%2e%2e",
        "..%2f..%2f",
        "%2f",
        "a%2fb",
        "%5c",
        "a%5cb",
        "%00",
        "a%00b",
        "%0d%0aX-Evil:%201",
        "%ff",
        "%c0%ae",
        "%u0041",
        "%",
        "%zz",
        "%252e%252e",
        ";x=y",
        "*",
        "'%20OR%201=1%20--",
        "%3Cscript%3E",
        "%F0%9F%A6%A6",
        "~",
        "\u00e4",
        new('x', 7000),
    ];

    public static TheoryData<string> Bodies =>
        [
            "",
            " ",
            "{",
            "}",
            "[]",
            "[{}]",
            "null",
            "42",
            "\"x\"",
            "true",
            "{}{}",
            "{\"unknown\":1}",
            "{\"name\":1,\"name\":2}",
            "{\"__proto__\":{}}",
            "{'name':'x'}",
            "// {}\n{}",
            "{\"a\":1,}",
            "\u0000{}",
            "<xml/>",
            "name=x&role=owner",
            "{\"name\":\"\\ud800\"}",
            "{\"name\":1e400,\"email\":-0,\"minutes\":NaN}",
        ];

    [Theory]
    [MemberData(nameof(Bodies))]
    public async Task What_is_no_request_is_refused(string body) =>
        await EachAsync(scene.Routes.Where(static one => one.Body is not null), route => BodyAsync(route, body));

    [Fact]
    public async Task Neither_depth_nor_bytes_that_are_no_text_get_through()
    {
        var deep = string.Concat(Enumerable.Repeat("{\"a\":", 5000));
        await EachAsync(
            scene.Routes.Where(static one => one.Body is not null),
            async route =>
                await BodyAsync(route, deep)
                ?? await BodyAsync(route, new string('[', 100_000))
                ?? await BytesAsync(
                    route,
                    [(byte)'{', (byte)'"', 0xFF, 0xC0, 0x80, (byte)'"', (byte)':', (byte)'1', (byte)'}']
                )
        );
    }

    [Fact]
    public async Task Other_kinds_of_body_are_refused()
    {
        foreach (
            var type in new[]
            {
                "text/plain",
                "application/xml",
                "application/x-www-form-urlencoded",
                "application/json; charset=utf-7",
                "application/json; charset=utf-16",
                "application/json; charset=\"",
                "x",
            }
        )
        {
            await EachAsync(
                scene.Routes.Where(static one => one.Body is not null),
                async route =>
                    Judge(
                        route,
                        await scene.RawAsync(
                            Encoding.ASCII.GetBytes(
                                $"{route.Method} {route.Path(scene.Ours)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{string.Join("\r\n", Proof(route))}\r\nContent-Type: {type}\r\nContent-Length: 2\r\n\r\n{{}}"
                            )
                        ),
                        $"a body of {type}"
                    )
            );
        }
    }

    [Fact]
    public async Task A_body_that_is_too_large_is_not_read()
    {
        await EachAsync(
            // Nobody who comes over the network is let as far as the body of what is for the host.
            scene.Routes.Where(static one =>
                one.Body is not null && one.Rule.Level != Backup.WebUI.Access.AccessLevel.Host
            ),
            async route =>
            {
                var told = await scene.RawAsync(
                    route.Method.Method,
                    route.Path(scene.Ours),
                    [.. Proof(route), "Content-Type: application/json", "Content-Length: 1099511627776"]
                );
                var chunk = new string(' ', MostBodyBytes + 1);
                var untold = await scene.RawAsync(
                    Encoding.ASCII.GetBytes(
                        $"{route.Method} {route.Path(scene.Ours)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{string.Join("\r\n", Proof(route))}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n{chunk.Length:x}\r\n{chunk}\r\n0\r\n\r\n"
                    )
                );
                return told.Status == 413 && told.Text.Contains("BK8509", StringComparison.Ordinal)
                    ? Judge(route, untold, "a chunk")
                    : $"{route}: {told}";
            }
        );
    }

    /// <summary>The fields are those that the route takes: what is behind the reading of the body is reached.</summary>
    [Fact]
    public async Task Fields_full_of_tricks_are_refused_or_taken_as_the_text_that_they_are() =>
        await EachAsync(
            from route in scene.Routes
            where route.Body is not null
            from text in Strings
            select (route, body: JsonOf(route.Body!, text)),
            async one =>
            {
                var answer = await SendAsync(one.route, one.body);
                return answer.Status is 0 or >= 500 || (answer.Status >= 400 && !IsProblem(answer.Text))
                    ? $"{one.route} with {one.body[..Math.Min(200, one.body.Length)]}: {answer.Text}"
                    : null;
            }
        );

    [Fact]
    public async Task Paths_with_tricks_lead_nowhere()
    {
        await EachAsync(
            from route in scene.Routes
            where route.Pattern.Contains('{', StringComparison.Ordinal)
            from segment in Segments
            from target in Targets(route, segment)
            select (route, target),
            async one =>
            {
                var answer = await scene.RawAsync(
                    one.route.Method.Method,
                    one.target,
                    [.. Proof(one.route)],
                    one.route.Body is null ? null : "{}"
                );

                // What is no HTTP at all is refused below the routes, with an empty body.
                var isBelow = answer.Status is 400 or 414 && answer.Text.EndsWith("\r\n\r\n", StringComparison.Ordinal);
                var isPage = answer.Text.Contains("text/html", StringComparison.Ordinal);
                return
                    answer.Status is >= 400 and < 500 && (isBelow || IsProblem(answer.Text))
                    || (isPage && !one.target.StartsWith("/api/v1/groups/", StringComparison.Ordinal))
                    ? null
                    : $"{one.route.Method} {one.target[..Math.Min(200, one.target.Length)]}: {answer.Text[..Math.Min(600, answer.Text.Length)]}";
            }
        );
    }

    [Fact]
    public async Task Questions_with_tricks_are_refused_or_leave_no_trace() =>
        await EachAsync(
            from route in scene.Routes
            where !route.Changes && !route.IsStream
            from query in new[]
            {
                "limit=0",
                "limit=-1",
                "limit=999999999999999999999",
                "limit=1&limit=2",
                "limit=%00",
                "after=%ff%ff",
                "after=....",
                $"after={new string('A', 6000)}",
                "since=x&time=x&optime=x&snapshot=%00&address=%00&minutes=x&lines=x",
                "minutes=-1&lines=-1",
                "minutes=1e308&lines=99999999999",
                "minutes=2147483647&lines=2147483647&since=9999-12-31T23:59:59Z",
                "%00=%00&=&&&&",
            }
            select (route, query),
            async one =>
            {
                var answer = await scene.RawAsync(
                    "GET",
                    $"{one.route.Path(scene.Ours)}?{one.query}",
                    [.. Proof(one.route)]
                );
                return answer.Status is 0 or >= 500 ? $"{one.route}?{one.query}: {answer.Text}" : null;
            }
        );

    [Fact]
    public async Task Other_methods_are_told_so()
    {
        await EachAsync(
            from pattern in scene.Routes.Select(static one => one.Pattern).Distinct()
            let known = scene.Routes.Where(one => one.Pattern == pattern).ToList()
            from method in new[]
            {
                "GET",
                "HEAD",
                "POST",
                "PUT",
                "PATCH",
                "DELETE",
                "OPTIONS",
                "TRACE",
                "PROPFIND",
                "X",
            }
            where known.TrueForAll(one => one.Method.Method != method)
            select (known[0], method),
            async one =>
            {
                var (route, method) = one;
                var answer = await scene.RawAsync(
                    method,
                    route.Path(scene.Ours),
                    [.. Proof(route), "X-HTTP-Method-Override: GET"]
                );
                return
                    answer.Status is 405 or 404 or 400 or 403
                    && (method == "HEAD" || answer.Status == 400 || IsProblem(answer.Text))
                    ? null
                    : $"{method} {route.Pattern}: {answer.Text}";
            }
        );
    }

    private IEnumerable<string> Targets(Route route, string segment)
    {
        if (route.Pattern.Contains("{group}", StringComparison.Ordinal))
        {
            yield return route.Path(segment);
        }

        if (route.Path(scene.Ours, "") != route.Path(scene.Ours))
        {
            yield return route.Path(scene.Ours, segment);
        }
    }

    private async Task<string?> BodyAsync(Route route, string body) => Judge(route, await SendAsync(route, body), body);

    private async Task<string?> BytesAsync(Route route, byte[] body)
    {
        var head =
            $"{route.Method} {route.Path(scene.Ours)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{string.Join("\r\n", Proof(route))}\r\nContent-Type: application/json\r\nContent-Length: {body.Length}\r\n\r\n";
        return Judge(route, await scene.RawAsync([.. Encoding.ASCII.GetBytes(head), .. body]), "bytes");
    }

    private Task<(int Status, string Text)> SendAsync(Route route, string body) =>
        scene.RawAsync(route.Method.Method, route.Path(scene.Ours), [.. Proof(route)], body);

    /// <summary>Who may: a token where it is about a group, a session where it is about somebody.</summary>
    private IEnumerable<string> Proof(Route route) =>
        route.Rule.Level switch
        {
            Backup.WebUI.Access.AccessLevel.Group => [$"Authorization: Bearer {scene.Tokens[GroupRole.Owner]}"],
            Backup.WebUI.Access.AccessLevel.Administrator =>
            [
                "X-Backup-Request: 1",
                $"Cookie: {scene.AdministratorCookie}",
            ],
            _ => ["X-Backup-Request: 1", $"Cookie: {scene.OwnerCookie}"],
        };

    private static string? Judge(Route route, (int Status, string Text) answer, string what) =>
        answer.Status is >= 400 and < 500 && IsProblem(answer.Text)
            ? null
            : $"{route} with {what[..Math.Min(60, what.Length)]}: {answer.Text[..Math.Min(600, answer.Text.Length)]}";

    private static bool IsProblem(string text) =>
        text.Contains("application/problem+json", StringComparison.Ordinal)
        && text.Contains("\"code\":\"BK", StringComparison.Ordinal)
        && !text.Contains("   at ", StringComparison.Ordinal);

    /// <summary>All fields of a request, each string of it the trick, each number at its end.</summary>
    private static string JsonOf(Type type, string text) =>
        JsonSerializer.Serialize(ValueOf(type, text, 0)).Replace("\\uFFFD", "\\uD800", StringComparison.Ordinal);

    private static object? ValueOf(Type type, string text, int depth)
    {
        type = Nullable.GetUnderlyingType(type) ?? type;
        return Type.GetTypeCode(type) switch
        {
            _ when type.IsEnum => JsonNamingPolicy.KebabCaseLower.ConvertName(Enum.GetNames(type)[^1]),
            TypeCode.String => text,
            TypeCode.Boolean => true,
            TypeCode.Int32 => int.MaxValue,
            TypeCode.UInt32 => uint.MaxValue,
            TypeCode.Int64 => long.MaxValue,
            TypeCode.Double => 1e308,
            _ when type == typeof(DateTimeOffset) => DateTimeOffset.MaxValue,
            _ when type == typeof(TimeSpan) => "99999.00:00:00",
            _ when depth > 4 => null,
            _ when type != typeof(string) && type.IsAssignableTo(typeof(IEnumerable)) => new[]
            {
                ValueOf(type.GetGenericArguments().LastOrDefault() ?? typeof(string), text, depth + 1),
            },
            _ => type.GetProperties()
                .Where(static one =>
                    one.CanRead && one.GetIndexParameters().Length == 0 && one.Name != "EqualityContract"
                )
                .ToDictionary(
                    static one => JsonNamingPolicy.CamelCase.ConvertName(one.Name),
                    one => ValueOf(one.PropertyType, text, depth + 1)
                ),
        };
    }

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
