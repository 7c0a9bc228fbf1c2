using System.Net;
using System.Reflection;
using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.People;
using Backup.Metadata.Sqlite;
using Backup.Tests.Support;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Desks;
using Microsoft.Extensions.Logging.Abstractions;
using Xunit;

namespace Backup.Tests.WebUI;

/// <summary>A running web server over a catalogue of its own, with a clock that is moved by hand and desks that do nothing.</summary>
/// <param name="desks">Others; null for those that do nothing.</param>
public sealed class PeopleScene(ApiDesks? desks = null) : IAsyncLifetime
{
    internal const string Password = "seven otters sing";

    private readonly TemporaryFolder _folder = new();
    private SecretBox? _box;
    private SqliteMetadataStore? _metadata;
    private PublicApi? _api;
    private WebUIHost? _host;

    public ManualTime Time { get; } = new();

    internal IMetadataStore Metadata => _metadata!;

    internal IPeople People => Metadata.People;

    internal PublicApi Api => _api!;

    internal WebUIHost Host => _host!;

    /// <summary>What reached a desk, as <c>IStatusDesk.StatusAsync</c>.</summary>
    internal DeskLog Desks { get; } = new();

    public async Task InitializeAsync()
    {
        _box = SecretBox.Ensure(Path.Combine(_folder.Path, "secrets", "box.key"));
        _metadata = await SqliteMetadataStore.OpenAsync(Path.Combine(_folder.Path, "metadata.db"), Time);
        _api = new PublicApi(
            _metadata,
            desks ?? Desks.All(),
            () => _box,
            new PublicApiOptions { Access = new AccessSettings { PasswordRounds = 10 } },
            Time,
            NullLoggerFactory.Instance
        );
        _host = await WebUIHost.StartAsync(new WebUIOptions { Port = 0 }, _api, CancellationToken.None);
    }

    public async Task DisposeAsync()
    {
        await Host.DisposeAsync();
        _api!.Dispose();
        await Metadata.DisposeAsync();
        _box!.Dispose();
        _folder.Dispose();
    }

    internal Visitor Visitor() => new(Host.Address);

    /// <summary>A user of a group, made where it is missing, who has the password of the scene.</summary>
    internal async Task<UserRecord> UserAsync(string email, GroupRole? role = null, string group = "default")
    {
        var user = new UserRecord(
            Guid.NewGuid().ToString("N"),
            email,
            email.Split('@')[0],
            new PasswordHash(10).Make(Password),
            false,
            Time.GetUtcNow()
        );
        await People.Users.AddAsync(user);
        if (role is { } some)
        {
            await People.Memberships.SetAsync(await GroupAsync(group), user.Id, some, Time.GetUtcNow());
        }

        return user;
    }

    internal async Task<string> GroupAsync(string name = "default") =>
        (await Metadata.Access.EnsureGroupAsync(name)).Id;

    /// <summary>Logged in as that new user.</summary>
    internal async Task<Visitor> LoggedInAsync(string email, GroupRole? role = null, string group = "default")
    {
        await UserAsync(email, role, group);
        return await LogInAsync(email);
    }

    internal async Task<Visitor> LogInAsync(string email)
    {
        var visitor = Visitor();
        var answer = await visitor.PostAsync("/session", new { email, password = Password });
        return answer.Status == HttpStatusCode.Created ? visitor : throw new InvalidOperationException(answer.Text);
    }

    /// <summary>The text of a new API token.</summary>
    internal async Task<string> TokenAsync(GroupRole role, string group = "default", DateTimeOffset? expiresAt = null)
    {
        var text = SecretToken.New(SecretToken.Api);
        await People.Tokens.AddAsync(
            new ApiTokenRecord(
                Guid.NewGuid().ToString("N"),
                SecretToken.Hash(text, SecretToken.Api)!,
                await GroupAsync(group),
                role,
                $"{role}",
                "scene",
                Time.GetUtcNow(),
                expiresAt
            )
        );
        return text;
    }

    internal async Task<IReadOnlyList<string>> AuditAsync() =>
        [
            .. (await Metadata.Audit.ListAsync(default, 1000)).Select(static one =>
                $"{one.Actor} {one.Action} {one.Outcome}{(one.Code is null ? "" : " " + one.Code)}"
            ),
        ];
}

/// <summary>Desks that know nothing: whatever is asked of them is not there. What reached them is written down.</summary>
internal sealed class DeskLog
{
    private readonly List<string> _calls = [];

    public IReadOnlyList<string> Take()
    {
        lock (_calls)
        {
            List<string> taken = [.. _calls];
            _calls.Clear();
            return taken;
        }
    }

    public ApiDesks All()
    {
        var constructor = typeof(ApiDesks).GetConstructors().Single(static one => one.GetParameters().Length > 1);
        return (ApiDesks)constructor.Invoke([.. constructor.GetParameters().Select(one => Dead(one.ParameterType))]);
    }

    private object Dead(Type desk)
    {
        var made = typeof(DispatchProxy)
            .GetMethods()
            .Single(static one => one is { Name: nameof(DispatchProxy.Create), IsGenericMethod: true })
            .MakeGenericMethod(desk, typeof(DeadDesk))
            .Invoke(null, null)!;
        ((DeadDesk)made).Log = this;
        return made;
    }

    private void Add(string call)
    {
        lock (_calls)
        {
            _calls.Add(call);
        }
    }

    /// <summary>Public, and not sealed, since the proxy derives from it.</summary>
    public class DeadDesk : DispatchProxy
    {
        internal DeskLog? Log { get; set; }

        protected override object? Invoke(MethodInfo? targetMethod, object?[]? args)
        {
            Log!.Add($"{targetMethod!.DeclaringType!.Name}.{targetMethod.Name}");
            throw MetadataErrors.Missing("thing", "asked of a desk");
        }
    }
}
