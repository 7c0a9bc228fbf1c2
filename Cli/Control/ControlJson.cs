using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using Backup.WebUI.Contracts;
using Backup.WebUI.Frame;

namespace Backup.Cli.Control;

/// <summary>The JSON that <c>--json</c> prints and the control socket speaks: a contract with scripts. Fields are only ever added.</summary>
public static class ControlJson
{
    public static readonly JsonSerializerOptions Options = new(JsonSerializerDefaults.Web)
    {
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        TypeInfoResolver = JsonTypeInfoResolver.Combine(ControlJsonContext.Default, new DefaultJsonTypeInfoResolver()),
    };

    /// <summary>How a command speaks with the API: words for what the API has words for. Fields that it does not know are of a newer appliance.</summary>
    internal static readonly JsonSerializerOptions Wire = new(Options)
    {
        IgnoreReadOnlyProperties = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.KebabCaseLower) },
    };
}

/// <summary>
/// What every restore reads before its first byte: made when the program is built, as finding out by reflection takes a tenth of the time that a command has
/// until then. All else is found out when it is needed.
/// </summary>
[JsonSerializable(typeof(FoundSubjectView))]
[JsonSerializable(typeof(PageOf<SnapshotEntryView>))]
[JsonSerializable(typeof(RestoreView))]
[JsonSerializable(typeof(ErrorEnvelope))]
internal sealed partial class ControlJsonContext : JsonSerializerContext;
