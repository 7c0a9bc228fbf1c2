using Backup.Foundation.Secrets;
using Backup.Metadata;
using Backup.Metadata.People;
using Backup.WebUI;
using Backup.WebUI.Access;
using Backup.WebUI.Contracts;
using Backup.WebUI.Desks;

namespace Backup.Cli.Appliance;

/// <summary>
/// Accounts, as the owner of the host looks after them: the way back in where nobody can log in any more. Who may open the control socket may do all
/// of it.
/// </summary>
internal sealed class PeopleOperations(IMetadataStore metadata, TimeProvider time) : IAccountDesk
{
    private readonly PasswordHash _hash = new();

    /// <summary>A set-up token, the only one that is good; null where there is a user, who needs none.</summary>
    internal async Task<string?> NewSetupTokenAsync(CancellationToken cancellation)
    {
        if (await metadata.People.Users.AnyAsync(cancellation))
        {
            return null;
        }

        var token = SecretToken.New(SecretToken.Setup);
        await metadata.People.Users.SetSetupTokenAsync(SecretToken.Hash(token, SecretToken.Setup)!, cancellation);
        return token;
    }

    /// <exception cref="Foundation.Errors.BackupException">6104 there is a user.</exception>
    public async Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation)
    {
        var token = await NewSetupTokenAsync(cancellation) ?? throw MetadataErrors.NoSetup();
        await RecordAsync("setup.token", "", cancellation);
        return new SetupTokenView(token);
    }

    /// <exception cref="Foundation.Errors.BackupException">6100, 8525, 8526.</exception>
    public async Task<UserView> AddAsync(PersonRequest request, CancellationToken cancellation)
    {
        var email = Fields.Email(request.Email, "email");
        var user = new UserRecord(
            Guid.NewGuid().ToString("N"),
            email,
            Fields.Name(request.Name, "name"),
            Hash(request.Password, email),
            IsAdministrator: false,
            time.GetUtcNow()
        )
        {
            MustChange = request.Temporary,
        };
        var group = await HostGroup.IdAsync(metadata, cancellation);
        await metadata.People.Users.AddAsync(user, cancellation);
        if (request.Administrator)
        {
            await metadata.People.Users.SetAdministratorAsync(user.Id, administrator: true, cancellation);
        }

        await metadata.People.Memberships.SetAsync(
            group,
            user.Id,
            Fields.Role(request.Role, "role"),
            time.GetUtcNow(),
            cancellation
        );
        await RecordAsync("user.add", $"{email} as {request.Role}", cancellation);
        return await ViewAsync(user.Id, cancellation);
    }

    /// <exception cref="Foundation.Errors.BackupException">8503, 8525.</exception>
    public async Task<UserView> SetPasswordAsync(
        string email,
        NewPasswordRequest request,
        CancellationToken cancellation
    )
    {
        var user = await FindAsync(email, cancellation);
        var hash = Hash(request.Password, user.Email);
        await metadata.People.Users.SetPasswordAsync(user.Id, hash, request.Temporary, null, cancellation);
        await RecordAsync("user.password", user.Email, cancellation);
        return await ViewAsync(user.Id, cancellation);
    }

    private string Hash(string password, string email) =>
        PasswordRules.Broken(password, email) is { } why
            ? throw WebUIErrors.WeakPassword(why, "password")
            : _hash.Make(password);

    private async Task<UserRecord> FindAsync(string email, CancellationToken cancellation) =>
        await metadata.People.Users.FindByEmailAsync(email, cancellation) ?? throw WebUIErrors.Nothing("such account");

    private async Task<UserView> ViewAsync(string id, CancellationToken cancellation) =>
        View((await metadata.People.Users.FindAsync(id, cancellation))!);

    private UserView View(UserRecord user) => UserChanges.ViewOf(user, time.GetUtcNow());

    private Task RecordAsync(string action, string subject, CancellationToken cancellation) =>
        metadata.Audit.AddAsync(
            new AuditRecord(
                time.GetUtcNow(),
                AuditActor.Current.Name,
                AuditActor.Current.From,
                action,
                subject,
                AuditOutcomes.Ok
            ),
            cancellation
        );
}
