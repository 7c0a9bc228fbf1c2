using Backup.WebUI.Contracts;

namespace Backup.Cli.Control;

internal sealed partial class ControlClient
{
    internal Task<UserView> AddPersonAsync(PersonRequest person, CancellationToken cancellation) =>
        PostAsync<PersonRequest, UserView>(ControlRoutes.People, person, cancellation);

    internal Task<SetupTokenView> SetupTokenAsync(CancellationToken cancellation) =>
        PostAsync<SetupTokenView>(ControlRoutes.SetupToken, cancellation);

    internal Task<UserView> SetPasswordAsync(
        string email,
        NewPasswordRequest password,
        CancellationToken cancellation
    ) =>
        PostAsync<NewPasswordRequest, UserView>(
            ControlRoutes.Fill(ControlRoutes.PersonPassword, email),
            password,
            cancellation
        );
}
