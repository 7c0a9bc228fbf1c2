using System.Net;
using System.Net.Sockets;
using System.Text;
using Backup.Foundation.Secrets;
using Backup.Metadata.People;
using Backup.WebUI.Access;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>A route of the server, as it was found in it.</summary>
/// <param name="Method">Of HTTP.</param>
/// <param name="Pattern">As it was declared.</param>
/// <param name="Rule">Who may call it.</param>
/// <param name="Body">What it takes; null where it takes none.</param>
internal sealed record Route(HttpMethod Method, string Pattern, AccessRule Rule, Type? Body)
{
    public bool Changes => Method != HttpMethod.Get;

    /// <summary>A stream that goes on until the client leaves.</summary>
    public bool IsStream => Pattern.EndsWith("/events", StringComparison.Ordinal);

    /// <summary>With that group, and that for every other part.</summary>
    public string Path(string group, string other = "nothing") =>
        System.Text.RegularExpressions.Regex.Replace(
            Pattern,
            @"\{(?<name>[a-z]+)[^}]*\}",
            match => match.Groups["name"].Value == "group" ? group : other,
            System.Text.RegularExpressions.RegexOptions.None,
            TimeSpan.FromSeconds(1)
        );

    public override string ToString() => $"{Method} {Pattern}";
}

/// <summary>A server with a user and a token for each role, and everybody else whom it has to keep out.</summary>
public sealed class AttackScene : IAsyncLifetime
{
    public PeopleScene Inner { get; } = new();

    /// <summary>The group that is attacked, and the one of a stranger.</summary>
    internal string Ours { get; private set; } = "";

    internal string Theirs { get; private set; } = "";

    /// <summary>Every route below <c>/api</c>: there is no list of them that one could be missing from.</summary>
    internal IReadOnlyList<Route> Routes { get; private set; } = [];

    /// <summary>In our group.</summary>
    internal Dictionary<GroupRole, string> Tokens { get; } = [];

    /// <summary>Of an owner of our group who gave the password again.</summary>
    internal string OwnerCookie { get; private set; } = "";

    /// <summary>Of an owner of the other group.</summary>
    internal string StrangerCookie { get; private set; } = "";

    internal string StrangerToken { get; private set; } = "";

    /// <summary>Of an administrator of the appliance who is in no group, and gave the password again.</summary>
    internal string AdministratorCookie { get; private set; } = "";

    /// <summary>Headers that prove nothing, by what they are.</summary>
    internal Dictionary<string, string[]> Useless { get; } = [];

    public async Task InitializeAsync()
    {
        await Inner.InitializeAsync();
        (Ours, Theirs) = (await Inner.GroupAsync("ours"), await Inner.GroupAsync("theirs"));
        Routes =
        [
            .. from endpoint in Inner.Host.Endpoints.OfType<RouteEndpoint>()
            let pattern = "/" + endpoint.RoutePattern.RawText!.TrimStart('/')
            where pattern.StartsWith("/api", StringComparison.Ordinal)
            from method in endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods
            select new Route(
                HttpMethod.Parse(method),
                pattern,
                endpoint.Metadata.GetMetadata<AccessRule>()!,
                endpoint.Metadata.GetMetadata<IAcceptsMetadata>()?.RequestType
            ),
        ];
        foreach (var role in Enum.GetValues<GroupRole>())
        {
            Tokens[role] = await Inner.TokenAsync(role, "ours");
        }

        OwnerCookie = await CookieAsync("owner@example.org", GroupRole.Owner, "ours");
        StrangerCookie = await CookieAsync("stranger@example.org", GroupRole.Owner, "theirs");
        StrangerToken = await Inner.TokenAsync(GroupRole.Owner, "theirs");
        var root = await Inner.UserAsync("root@example.org");
        await Inner.People.Users.SetAdministratorAsync(root.Id, administrator: true);
        using var administrator = await (await Inner.LogInAsync("root@example.org")).ConfirmedAsync();
        AdministratorCookie = administrator.Cookie!;
        await AddUselessAsync();
    }

    public Task DisposeAsync() => Inner.DisposeAsync();

    /// <summary>Bytes as they are: no client in between tidies them up.</summary>
    /// <returns>Status and the whole answer; 0 where the server closed without one.</returns>
    internal async Task<(int Status, string Text)> RawAsync(byte[] request)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, Inner.Host.Address.Port, patience.Token);
        await using var stream = client.GetStream();
        var answer = new MemoryStream();
        try
        {
            await stream.WriteAsync(request, patience.Token);
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (IOException)
        {
            // Closed by the server, which may be before all was sent: what it said until then counts.
        }

        var text = Encoding.UTF8.GetString(answer.ToArray());
        return text.StartsWith("HTTP/1.1 ", StringComparison.Ordinal)
            ? (int.Parse(text.AsSpan(9, 3)), text)
            : (0, text);
    }

    /// <param name="method">Of HTTP.</param>
    /// <param name="target">As it is sent.</param>
    /// <param name="headers">As they are sent, beside Host.</param>
    /// <param name="body">With its length; null: none.</param>
    internal Task<(int Status, string Text)> RawAsync(
        string method,
        string target,
        string[] headers,
        string? body = null,
        string? host = null
    )
    {
        var text = new StringBuilder($"{method} {target} HTTP/1.1\r\nConnection: close\r\n");
        text.Append(host ?? $"Host: 127.0.0.1:{Inner.Host.Address.Port}\r\n");
        foreach (var header in headers)
        {
            text.Append(header).Append("\r\n");
        }

        if (body is not null)
        {
            text.Append($"Content-Type: application/json\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n");
        }

        return RawAsync(Encoding.Latin1.GetBytes(text.Append("\r\n").Append(body).ToString()));
    }

    private async Task<string> CookieAsync(string email, GroupRole role, string group)
    {
        using var visitor = await (await Inner.LoggedInAsync(email, role, group)).ConfirmedAsync();
        return visitor.Cookie!;
    }

    private async Task AddUselessAsync()
    {
        var good = Tokens[GroupRole.Owner];
        var now = Inner.Time.GetUtcNow();
        Useless["nothing"] = [];
        Useless["a token that never was"] = [$"Authorization: Bearer {SecretToken.New(SecretToken.Api)}"];
        Useless["a token with a letter changed"] =
        [
            $"Authorization: Bearer {good[..^1]}{(good[^1] == 'A' ? 'B' : 'A')}",
        ];
        Useless["a token in capitals"] = [$"Authorization: Bearer {good.ToUpperInvariant()}"];
        Useless["a token cut short"] = [$"Authorization: Bearer {good[..^1]}"];
        Useless["a token and more"] = [$"Authorization: Bearer {good},"];
        Useless["a token as another scheme"] = [$"Authorization: Basic {good}"];
        Useless["a token without a scheme"] = [$"Authorization: {good}"];
        Useless["two tokens"] = [$"Authorization: Bearer {good}", $"Authorization: Bearer {good}"];
        Useless["an empty header"] = ["Authorization: "];
        Useless["a bad token beside a good cookie"] = ["Authorization: Bearer x", $"Cookie: {OwnerCookie}"];
        Useless["a token as cookie"] = [$"Cookie: {SessionCookie.LocalName}={good}"];
        Useless["a session as token"] = [$"Authorization: Bearer {OwnerCookie.Split('=')[1]}"];
        Useless["a session under the other name"] = [$"Cookie: {SessionCookie.SecureName}={OwnerCookie.Split('=')[1]}"];
        Useless["what says that it is the host"] =
        [
            "Authorization: host",
            "X-Forwarded-For: unix",
            "X-Forwarded-Host: appliance",
            "Forwarded: for=unix;host=appliance",
            "From: host",
        ];
        Useless["the host as a token"] = ["Authorization: Bearer host"];
        Useless["the host as a session"] = [$"Cookie: {SessionCookie.LocalName}=host; host=1"];
        Useless["a session with a letter changed"] =
        [
            $"Cookie: {OwnerCookie[..^1]}{(OwnerCookie[^1] == 'A' ? 'B' : 'A')}",
        ];
        Useless["an expired token"] = [$"Authorization: Bearer {await Inner.TokenAsync(GroupRole.Owner, "ours", now)}"];

        Useless["a revoked token"] = [$"Authorization: Bearer {await Inner.TokenAsync(GroupRole.Owner, "ours")}"];
        var hash = SecretToken.Hash(Useless["a revoked token"][0].Split(' ')[2], SecretToken.Api)!;
        await Inner.People.Tokens.RevokeAsync(Ours, (await Inner.People.Tokens.FindAsync(hash))!.Id, now);

        Useless["a session that was ended"] =
        [
            $"Cookie: {await CookieAsync("left@example.org", GroupRole.Owner, "ours")}",
        ];
        var left = (await Inner.People.Users.FindByEmailAsync("left@example.org"))!;
        await Inner.People.Sessions.EndAllAsync(left.Id, kept: null);

        Useless["a session of somebody disabled"] =
        [
            $"Cookie: {await CookieAsync("gone@example.org", GroupRole.Viewer, "ours")}",
        ];
        var gone = (await Inner.People.Users.FindByEmailAsync("gone@example.org"))!;
        await Inner.People.Users.SetDisabledAsync(gone.Id, now);
    }

    /// <summary>A session that is over, but still stored: the next log-in removes it.</summary>
    internal async Task<string> ExpiredAsync()
    {
        var user = (await Inner.People.Users.FindByEmailAsync("owner@example.org"))!;
        var secret = SecretToken.New(SecretToken.Session);
        var now = Inner.Time.GetUtcNow();
        await Inner.People.Sessions.AddAsync(
            new SessionRecord(
                Guid.NewGuid().ToString("N"),
                SecretToken.Hash(secret, SecretToken.Session)!,
                user.Id,
                now.AddDays(-7),
                now,
                now,
                "",
                "",
                now
            )
        );
        return $"{SessionCookie.LocalName}={secret}";
    }
}
