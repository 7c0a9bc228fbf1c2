using System.Globalization;
using Shouldly;
using Xunit;

namespace Backup.Tests.House;

/// <summary>
/// Numbers and names that are on disks or on the wire never change their meaning. Each enum of the product either is
/// frozen here, value by value, or is named as one that no byte depends on.
/// </summary>
public class EnumTests
{
    /// <summary>Enum, and its members as <c>Name=value</c>. A member may be added behind the others; none may change.</summary>
    private static readonly Dictionary<string, string> Frozen = new()
    {
@FROZEN@    };

    /// <summary>Enums that are neither stored nor sent.</summary>
    private static readonly HashSet<string> InMemoryOnly =
    [
@MEMORY@    ];

    public static TheoryData<string> FrozenNames => [.. Frozen.Keys];

    [Theory]
    [MemberData(nameof(FrozenNames))]
    public void A_frozen_enum_keeps_every_name_and_number(string name)
    {
        var type = Enums().Single(type => type.FullName == name);
        Members(type).ShouldBe(Frozen[name]);
    }

    [Fact]
    public void Every_enum_of_the_product_is_either_frozen_or_kept_in_memory() =>
        Enums()
            .Where(static type => !Frozen.ContainsKey(type.FullName!) && !InMemoryOnly.Contains(type.FullName!))
            .Select(static type => $"[\"{type.FullName}\"] = \"{Members(type)}\",")
            .ShouldBeEmpty("decide for each: is it stored or sent (Frozen) or not (InMemoryOnly)?");

    [Fact]
    public void No_enum_is_in_both_lists_or_gone()
    {
        Frozen.Keys.Intersect(InMemoryOnly).ShouldBeEmpty();
        var there = Enums().Select(static type => type.FullName!).ToHashSet();
        InMemoryOnly.Where(name => !there.Contains(name)).ShouldBeEmpty();
    }

    private static IEnumerable<Type> Enums() =>
        from assembly in Rooms.Assemblies
        from type in assembly.GetTypes()
        where type.IsEnum && !type.IsNestedPrivate && type.Namespace!.StartsWith("Backup.", StringComparison.Ordinal)
        orderby type.FullName
        select type;

    private static string Members(Type type) =>
        string.Join(
            ", ",
            Enum.GetValuesAsUnderlyingType(type)
                .Cast<object>()
                .Select(value => string.Create(CultureInfo.InvariantCulture, $"{Enum.GetName(type, value)}={value}"))
        );
}
