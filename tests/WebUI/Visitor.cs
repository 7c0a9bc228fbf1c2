using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backup.Tests.WebUI;

/// <summary>An answer, read to its end.</summary>
internal sealed record Answer(HttpStatusCode Status, string Text, HttpResponseHeaders Headers, string? MediaType)
{
    public JsonNode Json => JsonNode.Parse(Text)!;

    public string? Code => MediaType == "application/problem+json" ? (string?)Json["code"] : null;

    /// <summary>For messages of tests.</summary>
    public override string ToString() => $"{(int)Status} {Text}";
}

/// <summary>What a browser does: keeps the cookie, and says with each change that it comes from our own pages.</summary>
internal sealed class Visitor : IDisposable
{
    private readonly HttpClient _client;

    public Visitor(Uri address)
        : this(
            new HttpClient(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false })
            {
                BaseAddress = address,
            }
        ) { }

    /// <param name="client">By which way it goes; it becomes the visitor's.</param>
    public Visitor(HttpClient client) => _client = client;

    /// <summary>Name and value; null where there is none.</summary>
    public string? Cookie { get; set; }

    /// <summary>An API token, sent instead of the cookie.</summary>
    public string? Token { get; init; }

    /// <summary>Sent with each change; null: none.</summary>
    public string? RequestHeader { get; set; } = "1";

    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

    public Task<Answer> PostAsync(string path, object? body = null) =>
        SendAsync(HttpMethod.Post, path, body ?? new { });

    public Task<Answer> PutAsync(string path, object body) => SendAsync(HttpMethod.Put, path, body);

    public Task<Answer> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, body);

    public Task<Answer> DeleteAsync(string path) => SendAsync(HttpMethod.Delete, path);

    public Task<Answer> SendAsync(HttpMethod method, string path, object? body = null)
    {
        var request = Request(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(JsonSerializer.Serialize(body), Encoding.UTF8, "application/json");
        }

        return SendAsync(request);
    }

    /// <param name="method">Of HTTP.</param>
    /// <param name="path">Below <c>/api/v1</c>.</param>
    public HttpRequestMessage Request(HttpMethod method, string path)
    {
        var request = new HttpRequestMessage(method, "/api/v1" + path);
        if (RequestHeader is { } own)
        {
            request.Headers.Add("X-Backup-Request", own);
        }

        if (Token is { } token)
        {
            request.Headers.TryAddWithoutValidation("Authorization", $"Bearer {token}");
        }
        else if (Cookie is { } cookie)
        {
            request.Headers.Add("Cookie", cookie);
        }

        return request;
    }

    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await _client.SendAsync(request);
            if (response.Headers.TryGetValues("Set-Cookie", out var cookies))
            {
                var pair = cookies.Single().Split(';')[0];
                Cookie = pair.EndsWith('=') ? null : pair;
            }

            return new Answer(
                response.StatusCode,
                await response.Content.ReadAsStringAsync(),
                response.Headers,
                response.Content.Headers.ContentType?.MediaType
            );
        }
    }

    /// <summary>The answer as it comes.</summary>
    public Task<HttpResponseMessage> OpenAsync(HttpRequestMessage request) =>
        _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);

    /// <summary>Gives the password again.</summary>
    public async Task<Visitor> ConfirmedAsync(string? code = null)
    {
        var answer = await PostAsync("/session/confirm", new { password = PeopleScene.Password, code });
        return answer.Status == HttpStatusCode.OK ? this : throw new InvalidOperationException(answer.ToString());
    }

    public void Dispose() => _client.Dispose();
}
